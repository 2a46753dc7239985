;; 08001000 BX LR: where it went the last time, or another call
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (import "env" "memory" (memory (;0;) 1))
  (import "env" "regions" (table (;0;) 1 funcref))
  (import "env" "flashLine" (func (;0;) (type 0)))
  (import "env" "predicted" (func (;1;) (type 1)))
  (func $region_08001000 (type 1) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    i32.const 0
    i32.load offset=352 ;; BUDGET
    i32.const 11
    i32.lt_s
    if  ;; label = @1
      i32.const 134221824 ;; 0x08001000
      return
    end
    i32.const 0
    i32.load offset=56 ;; LR
    local.set $lr
    i32.const 0
    i32.load offset=64 ;; NF
    local.set $n
    i32.const 0
    i32.load offset=68 ;; ZF
    local.set $z
    i32.const 0
    i32.load offset=72 ;; CF
    local.set $c
    i32.const 0
    i32.load offset=76 ;; VF
    local.set $v
    i32.const 0
    i32.load offset=352 ;; BUDGET
    local.set $budget
    i32.const 0
    i32.load offset=356 ;; RETIRED
    local.set $retired
    block  ;; label = @1
      block  ;; label = @2
        block  ;; label = @3
          local.get $budget
          i32.const -1
          i32.add
          local.set $budget
          local.get $retired
          i32.const 1
          i32.add
          local.set $retired
          local.get $lr
          local.set $t0
          local.get $t0
          local.set $t1
          i32.const 0
          i32.load offset=96 ;; IPSR
          local.set $t2
          local.get $t1
          i32.const 28
          i32.shr_u
          i32.const 15
          i32.eq
          local.get $t2
          i32.const 0
          i32.ne
          i32.and
          if  ;; label = @4
            i32.const 0
            local.get $t1
            i32.store offset=360 ;; EXIT_ARG
            i32.const 0
            i32.const 134221824 ;; 0x08001000
            i32.store offset=92 ;; PC
            i32.const -1
            local.set $next
            i32.const 0
            local.set $lazy
            br 3 (;@1;)
          end
          local.get $t1
          local.set $t3
          i32.const 0
          i64.load offset=53248
          local.get $t3
          i64.extend_i32_u
          i64.const 576478348784435200
          i64.or
          i64.ne
          if  ;; label = @4
            i32.const 134221824 ;; 0x08001000
            local.get $t3
            call 1
            local.set $t4
            local.get $budget
            local.get $t4
            i32.sub
            local.set $budget
          end
          local.get $t3
          i32.const 1
          i32.and
          i32.eqz
          if  ;; label = @4
            i32.const 0
            i32.const 0
            i32.store offset=100 ;; T
          end
          local.get $t3
          local.set $next
          local.get $budget
          i32.const -1
          i32.add
          local.set $budget
          i32.const 0
          i32.const 134221825 ;; 0x08001001
          i32.store offset=376 ;; LAST_REC
          local.get $next
          i32.const -2
          i32.and
          local.get $next
          i32.const -2
          i32.lt_u
          i32.or
          local.set $next
          i32.const 0
          local.set $lazy
          br 2 (;@1;)
          unreachable
        end
      end
      local.get $budget
      local.get $giveCycles
      i32.add
      local.set $budget
      local.get $retired
      local.get $giveInstructions
      i32.sub
      local.set $retired
    end
    i32.const 0
    local.get $budget
    i32.store offset=352 ;; BUDGET
    i32.const 0
    local.get $retired
    i32.store offset=356 ;; RETIRED
    local.get $next
    return
    unreachable)
  (export "region" (func 2)))
