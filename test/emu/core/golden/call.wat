;; 08001000 BL 08001010: slot 8
;; 08001004 B .
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (import "env" "memory" (memory (;0;) 1))
  (import "env" "regions" (table (;0;) 1 funcref))
  (import "env" "flashLine" (func (;0;) (type 0)))
  (func $region_08001000 (type 1) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    i32.const 0
    i32.load offset=352 ;; BUDGET
    i32.const 3
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
          i32.const 134221829 ;; 0x08001005
          local.set $lr
          local.get $budget
          i32.const -1
          i32.add
          local.set $budget
          i32.const 0
          i32.const 134221825 ;; 0x08001001
          i32.store offset=376 ;; LAST_REC
          i32.const 0
          local.get $lr
          i32.store offset=56 ;; LR
          i32.const 0
          local.get $budget
          i32.store offset=352 ;; BUDGET
          i32.const 0
          local.get $retired
          i32.store offset=356 ;; RETIRED
          block  ;; label = @4
            block  ;; label = @5
              local.get $depth
              i32.const 64
              i32.ge_s
              br_if 0 (;@5;)
              br 1 (;@4;)
            end
            i32.const 134221841 ;; 0x08001011
            return
          end
          local.get $depth
          i32.const 1
          i32.add
          i32.const 134221841 ;; 0x08001011
          i32.const 8
          call_indirect (type 1)
          local.set $next
          local.get $next
          i32.const 134221829 ;; 0x08001005
          i32.ne
          if  ;; label = @4
            local.get $next
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
          local.get $budget
          i32.const 3
          i32.lt_s
          if  ;; label = @4
            i32.const 134221828 ;; 0x08001004
            local.set $next
            i32.const 0
            local.set $lazy
            br 3 (;@1;)
          end
          local.get $budget
          i32.const 3
          i32.lt_s
          if  ;; label = @4
            i32.const 134221828 ;; 0x08001004
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
              i32.const 134221828 ;; 0x08001004
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
    local.get $lr
    i32.store offset=56 ;; LR
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
