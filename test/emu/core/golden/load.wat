;; 08001000 LDR R0, [R1, #4]: fast RAM, a page of the table, or out of the region
;; 08001002 B .
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i64)))
  (type (;2;) (func (param i32 i32) (result i32)))
  (import "env" "memory" (memory (;0;) 1))
  (import "env" "regions" (table (;0;) 1 funcref))
  (import "env" "flashLine" (func (;0;) (type 0)))
  (import "env" "locate" (func (;1;) (type 1)))
  (func $region_08001000 (type 2) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)
    i32.const 0
    i32.load offset=352 ;; BUDGET
    i32.const 2
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
          local.get $r1
          local.set $t0
          local.get $t0
          i32.const 4
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
                i32.const 2
                i32.rotr
                local.set $t4
                local.get $t4
                i32.const 8192
                i32.ge_u
                br_if 0 (;@6;)
                local.get $t4
                i32.load8_u offset=58786816 ;; written words of the fast RAM
                i32.eqz
                br_if 1 (;@5;)
                local.get $t3
                i32.load offset=25235456 ;; fast RAM
                local.set $t2
                br 2 (;@4;)
              end
              local.get $t1
              i32.const 4
              call 1
              local.set $t5
              local.get $t5
              i32.wrap_i64
              local.set $t6
              local.get $t6
              i32.eqz
              br_if 0 (;@5;)
              local.get $t6
              i32.load
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
          local.get $t2
          local.set $r0
          local.get $budget
          i32.const 3
          i32.lt_s
          if  ;; label = @4
            i32.const 134221826 ;; 0x08001002
            local.set $next
            i32.const 0
            local.set $lazy
            br 3 (;@1;)
          end
          i32.const 0
          local.set $lazy
          loop  ;; label = @4
            local.get $budget
            i32.const -1
            i32.add
            local.set $budget
            local.get $retired
            i32.const 1
            i32.add
            local.set $retired
            local.get $budget
            i32.const -1
            i32.add
            local.set $budget
            local.get $budget
            i32.const 3
            i32.lt_s
            if  ;; label = @5
              i32.const 134221826 ;; 0x08001002
              local.set $next
              br 4 (;@1;)
            end
            br 0 (;@4;)
          end
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
    local.get $r0
    i32.store ;; R0
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
