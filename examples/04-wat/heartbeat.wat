;; Drops heartbeats, values that are "ping", and counts them; rejects empty
;; values; lets all others pass, tombstones too. docs/abi.md has the layouts.
(module
  (import "weir" "reject" (func $reject (param i32 i32 i32)))
  (import "weir" "metric" (func $metric (param i32 i32 i32 f64)))

  (memory (export "memory") 2)
  (data (i32.const 64) "heartbeats")
  (data (i32.const 80) "the value is empty")

  (func (export "weir_abi_1"))

  ;; The buffer lies at 65536, the second page, up to the end of memory.
  (func (export "weir_buffer") (param $size i32) (result i32) (local $more i32)
    (local.set $more (i32.sub
      (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 2))
      (memory.size)))
    (if (i32.gt_s (local.get $more) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $more)) (i32.const -1))
        (then (return (i32.const 0))))))
    (i32.const 65536))

  ;; What goes on moves to the front of the table: $out is where the next one
  ;; goes, $at where the batch is.
  (func (export "weir_process") (param $table i32) (param $count i32) (result i64)
    (local $index i32) (local $at i32) (local $out i32) (local $dropped i32)
    (local.set $at (local.get $table))
    (local.set $out (local.get $table))
    (loop $next
      (if (call $heartbeat (local.get $at))
        (then
          (local.set $dropped (i32.add (local.get $dropped) (i32.const 1))))
        (else
          (if (call $empty (local.get $at))
            (then (call $reject (local.get $index) (i32.const 80) (i32.const 18))))
          (memory.copy (local.get $out) (local.get $at) (i32.const 80))
          (local.set $out (i32.add (local.get $out) (i32.const 80)))))
      (local.set $at (i32.add (local.get $at) (i32.const 80)))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $index) (local.get $count))))

    (call $metric (i32.const 0) (i32.const 64) (i32.const 10)   ;; a counter, "heartbeats"
      (f64.convert_i32_u (local.get $dropped)))

    (i64.or   ;; table << 32 | how many go on
      (i64.shl (i64.extend_i32_u (local.get $table)) (i64.const 32))
      (i64.extend_i32_u (i32.div_u (i32.sub (local.get $out) (local.get $table)) (i32.const 80)))))

  ;; The value of an entry: flags at 4, its pointer at 8, its length at 12.
  (func $null (param $entry i32) (result i32)
    (i32.and (i32.load offset=4 (local.get $entry)) (i32.const 1)))

  (func $empty (param $entry i32) (result i32)
    (i32.and
      (i32.eqz (call $null (local.get $entry)))
      (i32.eqz (i32.load offset=12 (local.get $entry)))))

  (func $heartbeat (param $entry i32) (result i32)
    (if (call $null (local.get $entry)) (then (return (i32.const 0))))
    (if (i32.ne (i32.load offset=12 (local.get $entry)) (i32.const 4)) (then (return (i32.const 0))))
    (i32.eq
      (i32.load (i32.load offset=8 (local.get $entry)))
      (i32.const 0x676e6970))))   ;; "ping", little-endian
