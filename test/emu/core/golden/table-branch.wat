;; 08001000 TBB [PC, R0]
;; 08001004 bytes 1, 2
;; 08001006 BX LR
;; 08001008 BX LR
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i64)))
  (type (;2;) (func (param i32 i32) (result i32)))
  (import "env" "memory" (memory (;0;) 1))
  (import "env" "regions" (table (;0;) 1 funcref))
  (import "env" "flashLine" (func (;0;) (type 0)))
  (import "env" "locate" (func (;1;) (type 1)))
  (func $region_08001000 (type 2) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32)
    i32.const 0
    i32.load offset=352 ;; BUDGET
    i32.const 5
    i32.lt_s
    if  ;; label = @1
      i32.const 134221824 ;; 0x08001000
      return
    end
    i32.const 0
    i32.load ;; R0
    local.set $r0
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
          local.get $r0
          local.set $t0
          i32.const 134221828 ;; 0x08001004
          local.get $t0
          i32.add
          local.set $t1
          block  ;; label = @4
            block  ;; label = @5
              block  ;; label = @6
                local.get $t1
                i32.const 536870912
                i32.sub
                local.set $t3
                local.get $t3
                local.set $t4
                local.get $t4
                i32.const 32768
                i32.ge_u
                br_if 0 (;@6;)
                local.get $t4
                i32.const 2
                i32.shr_u
                i32.load8_u offset=58786816 ;; written words of the fast RAM
                i32.eqz
                br_if 1 (;@5;)
                local.get $t3
                i32.load8_u offset=25235456 ;; fast RAM
                local.set $t2
                br 2 (;@4;)
              end
              local.get $t1
              i32.const 1
              call 1
              local.set $t5
              local.get $t5
              i32.wrap_i64
              local.set $t6
              local.get $t6
              i32.eqz
              br_if 0 (;@5;)
              local.get $t6
              i32.load8_u
              local.set $t2
              br 1 (;@4;)
            end
            i32.const 134221824 ;; 0x08001000
            local.set $next
            i32.const 1
            local.set $giveCycles
            i32.const 1
            local.set $giveInstructions
            i32.const 0
            local.set $lazy
            br 1 (;@3;)
          end
          i32.const 134221828 ;; 0x08001004
          local.get $t2
          i32.const 1
          i32.shl
          i32.add
          local.set $next
          local.get $budget
          i32.const -1
          i32.add
          local.set $budget
          block  ;; label = @4
            block  ;; label = @5
              block  ;; label = @6
                local.get $next
                i32.const 134221830 ;; 0x08001006
                i32.sub
                i32.const 1
                i32.shr_u
                br_table 2 (;@4;) 1 (;@5;) 0 (;@6;)
              end
              i32.const 0
              i32.const 134221825 ;; 0x08001001
              i32.store offset=376 ;; LAST_REC
              block  ;; label = @6
                local.get $next
                i32.const -2
                i32.and
                i32.const 12
                i32.shr_u
                i32.const 2
                i32.shl
                i32.load offset=8454144 ;; fetch table
                local.set $t7
                local.get $t7
                i32.eqz
                br_if 0 (;@6;)
                local.get $t7
                i32.const -4096
                i32.and
                local.get $next
                i32.const -2
                i32.and
                i32.const 4094
                i32.and
                i32.const 3
                i32.shl
                i32.add
                local.set $t8
                local.get $t8
                i32.load8_u offset=15
                i32.const 255
                i32.ne
                br_if 0 (;@6;)
                local.get $t8
                i32.const 67174400
                i32.sub
                i32.const 3
                i32.shr_u
                i32.load16_u offset=92340224 ;; slots by record
                local.set $t9
                local.get $t9
                i32.const 1
                i32.add
                local.set $link
              end
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
              br 4 (;@1;)
            end
            local.get $budget
            i32.const -1
            i32.add
            local.set $budget
            local.get $retired
            i32.const 1
            i32.add
            local.set $retired
            local.get $lr
            local.set $t10
            local.get $t10
            local.set $t11
            i32.const 0
            i32.load offset=96 ;; IPSR
            local.set $t12
            local.get $t11
            i32.const 28
            i32.shr_u
            i32.const 15
            i32.eq
            local.get $t12
            i32.const 0
            i32.ne
            i32.and
            if  ;; label = @5
              i32.const 0
              local.get $t11
              i32.store offset=360 ;; EXIT_ARG
              i32.const 0
              i32.const 134221832 ;; 0x08001008
              i32.store offset=92 ;; PC
              i32.const -1
              local.set $next
              i32.const 0
              local.set $lazy
              br 4 (;@1;)
            end
            local.get $t11
            local.set $t13
            local.get $t13
            i32.const 1
            i32.and
            i32.eqz
            if  ;; label = @5
              i32.const 0
              i32.const 0
              i32.store offset=100 ;; T
            end
            local.get $t13
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
            i32.const 0
            local.set $lazy
            br 3 (;@1;)
          end
          local.get $budget
          i32.const -1
          i32.add
          local.set $budget
          local.get $retired
          i32.const 1
          i32.add
          local.set $retired
          local.get $lr
          local.set $t13
          local.get $t13
          local.set $t12
          i32.const 0
          i32.load offset=96 ;; IPSR
          local.set $t11
          local.get $t12
          i32.const 28
          i32.shr_u
          i32.const 15
          i32.eq
          local.get $t11
          i32.const 0
          i32.ne
          i32.and
          if  ;; label = @4
            i32.const 0
            local.get $t12
            i32.store offset=360 ;; EXIT_ARG
            i32.const 0
            i32.const 134221830 ;; 0x08001006
            i32.store offset=92 ;; PC
            i32.const -1
            local.set $next
            i32.const 0
            local.set $lazy
            br 3 (;@1;)
          end
          local.get $t12
          local.set $t10
          local.get $t10
          i32.const 1
          i32.and
          i32.eqz
          if  ;; label = @4
            i32.const 0
            i32.const 0
            i32.store offset=100 ;; T
          end
          local.get $t10
          local.set $next
          local.get $budget
          i32.const -1
          i32.add
          local.set $budget
          i32.const 0
          i32.const 134221831 ;; 0x08001007
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
    local.get $link
    if  ;; label = @1
      local.get $depth
      local.get $next
      local.get $link
      i32.const 1
      i32.sub
      return_call_indirect (type 2)
    end
    local.get $next
    return
    unreachable)
  (export "region" (func 2)))
