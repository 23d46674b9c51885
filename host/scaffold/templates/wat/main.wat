;; A processor for weir, by hand: it sends values of 64 bytes or more to the topic
;; large, all others to small. docs/abi.md of weir has the numbers.
(module
  (memory (export "memory") 2)
  (data (i32.const 64) "large")
  (data (i32.const 72) "small")

  (func (export "weir_abi_1"))

  ;; The buffer of the host: at 65536, with as many pages as it takes.
  (func $buffer (export "weir_buffer") (param $size i32) (result i32)
    (local $more i32)
    (local.set $more (i32.sub
      (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 2))
      (memory.size)))
    (if (i32.gt_s (local.get $more) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $more)) (i32.const -1))
        (then (return (i32.const 0))))))
    (i32.const 65536))

  ;; Events are entries of 80 bytes. Flags are at 4 (1: the value is null, 4: the
  ;; topic was chosen), the value's length at 12, the topic at 40 and 44.
  (func $process (export "weir_process") (param $table i32) (param $count i32) (result i64)
    (local $at i32) (local $end i32)
    (local.set $at (local.get $table))
    (local.set $end (i32.add (local.get $table) (i32.mul (local.get $count) (i32.const 80))))
    (loop $next
      (i32.store offset=40 (local.get $at)
        (select (i32.const 64) (i32.const 72) (call $large (local.get $at))))
      (i32.store offset=44 (local.get $at) (i32.const 5))
      (i32.store offset=4 (local.get $at)
        (i32.or (i32.load offset=4 (local.get $at)) (i32.const 4)))
      (local.set $at (i32.add (local.get $at) (i32.const 80)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    ;; The table goes back as it is: all events go on.
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $table)) (i64.const 32))
      (i64.extend_i32_u (local.get $count))))

  (func $large (param $entry i32) (result i32)
    (i32.and
      (i32.eqz (i32.and (i32.load offset=4 (local.get $entry)) (i32.const 1)))
      (i32.ge_u (i32.load offset=12 (local.get $entry)) (i32.const 64)))))
