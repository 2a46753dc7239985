;; 08001000 CMP R0, #0
;; 08001002 ITE EQ
;; 08001004 MOVEQ R1, #1
;; 08001006 MOVNE R1, #2
;; 08001008 BX LR
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (import "env" "memory" (memory (;0;) 1))
  (import "env" "regions" (table (;0;) 1 funcref))
  (import "env" "flashLine" (func (;0;) (type 0)))
  (func $region_08001000 (type 1) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    i32.const 0
    i32.load offset=352 ;; BUDGET
    i32.const 7
    i32.lt_s
    if  ;; label = @1
      i32.const 134221824 ;; 0x08001000
      return
    end
    i32.const 0
    i32.load ;; R0
    local.set $r0
    i32.const 0
    i32.load offset=4 ;; R1
    local.set $r1
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
          i32.const -5
          i32.add
          local.set $budget
          local.get $retired
          i32.const 5
          i32.add
          local.set $retired
          local.get $r0
          local.set $t0
          local.get $t0
          local.set $t1
          local.get $t1
          i32.const 0
          i32.sub
          local.set $t2
          local.get $t1
          local.set $comparedA
          i32.const 0
          local.set $comparedB
          local.get $comparedA
          i32.const 0
          i32.eq
          local.set $t2
          i32.const 1
          i32.const 2
          local.get $t2
          select
          local.set $r1
          local.get $lr
          local.set $t2
          local.get $t2
          local.set $t1
          i32.const 0
          i32.load offset=96 ;; IPSR
          local.set $t0
          local.get $t1
          i32.const 28
          i32.shr_u
          i32.const 15
          i32.eq
          local.get $t0
          i32.const 0
          i32.ne
          i32.and
          if  ;; label = @4
            i32.const 0
            local.get $t1
            i32.store offset=360 ;; EXIT_ARG
            i32.const 0
            i32.const 134221832 ;; 0x08001008
            i32.store offset=92 ;; PC
            i32.const -1
            local.set $next
            i32.const 15
            local.set $lazy
            br 3 (;@1;)
          end
          local.get $t1
          local.set $t3
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
          i32.const 134221833 ;; 0x08001009
          i32.store offset=376 ;; LAST_REC
          local.get $next
          i32.const -2
          i32.and
          local.get $next
          i32.const -2
          i32.lt_u
          i32.or
          local.set $next
          i32.const 15
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
    local.get $comparedA
    local.get $comparedB
    i32.sub
    local.get $n
    local.get $lazy
    i32.const 2
    i32.and
    select
    local.get $z
    local.get $lazy
    i32.const 3
    i32.and
    select
    local.set $t3
    local.get $comparedA
    local.get $comparedB
    i32.sub
    local.get $n
    local.get $lazy
    i32.const 2
    i32.and
    select
    local.set $n
    local.get $t3
    local.set $z
    local.get $comparedA
    local.get $comparedB
    i32.ge_u
    local.get $c
    local.get $lazy
    i32.const 4
    i32.and
    select
    local.set $c
    local.get $comparedA
    local.get $comparedB
    i32.xor
    local.get $comparedA
    local.get $comparedA
    local.get $comparedB
    i32.sub
    i32.xor
    i32.and
    i32.const 31
    i32.shr_u
    local.get $v
    local.get $lazy
    i32.const 8
    i32.and
    select
    local.set $v
    i32.const 0
    local.get $r1
    i32.store offset=4 ;; R1
    i32.const 0
    local.get $n
    i32.store offset=64 ;; NF
    i32.const 0
    local.get $z
    i32.store offset=68 ;; ZF
    i32.const 0
    local.get $c
    i32.store offset=72 ;; CF
    i32.const 0
    local.get $v
    i32.store offset=76 ;; VF
    i32.const 0
    local.get $budget
    i32.store offset=352 ;; BUDGET
    i32.const 0
    local.get $retired
    i32.store offset=356 ;; RETIRED
    local.get $next
    return
    unreachable)
  (export "region" (func 1)))
