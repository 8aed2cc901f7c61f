//! Each source of memory: that slots lie where they were asked to, hold zeros, and that a source keeps what it promises beside that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pool_core::{Backing, ExternalRegion, Lease, MemoryLock, Pool, PoolBuilder, RegionSource};

/// What this system and this build have.
const SOURCES: &[RegionSource] = if cfg!(all(feature = "os", target_os = "linux", not(miri))) {
    &[
        RegionSource::Heap,
        RegionSource::Mmap,
        RegionSource::HugePages,
        RegionSource::Memfd,
    ]
} else if cfg!(all(feature = "os", unix, not(miri))) {
    &[RegionSource::Heap, RegionSource::Mmap]
} else {
    &[RegionSource::Heap]
};

fn small() -> PoolBuilder {
    Pool::builder().slots(3).slot_bytes(1000)
}

fn take_all(pool: &Pool) -> Vec<Lease> {
    let mut all = Vec::new();
    pool.alloc_many(usize::MAX, &mut all);
    all.sort_by_key(Lease::slot_index);
    all
}

/// Every alignment from every source: the naive arithmetic says where each slot begins.
#[test]
fn slots_lie_at_multiples_of_their_alignment_and_inside_the_region() {
    for source in SOURCES {
        for shift in 0..=21 {
            let align = 1 << shift;
            let pool = small()
                .region(*source)
                .align(align)
                .build()
                .expect("6 MiB at most");
            let stride = 1000_usize.next_multiple_of(align);
            let span = pool.region();
            assert!(span.bytes() >= 3 * stride);
            for mut lease in take_all(&pool) {
                let offset = lease.as_ptr().addr() - span.base().addr();
                assert_eq!(
                    offset,
                    lease.slot_index() * stride,
                    "{source:?}, align {align}"
                );
                assert_eq!(lease.as_ptr().addr() % align, 0, "{source:?}");
                assert!(span.contains(lease.as_ptr(), lease.len()));
                assert!(
                    lease.iter().all(|byte| *byte == 0),
                    "{source:?}, align {align}"
                );
                lease.fill(0xa5);
            }
        }
    }
}

#[test]
fn a_pool_tells_what_its_memory_is() {
    for source in SOURCES {
        let pool = small().region(*source).build().expect("3 KiB");
        let backing = pool.region().backing();
        let is_right = match source {
            RegionSource::Heap => backing == Backing::Heap,
            RegionSource::Mmap => backing == Backing::Mmap,
            RegionSource::Memfd => backing == Backing::Memfd,
            _ => matches!(
                backing,
                Backing::HugePages | Backing::TransparentHugePages | Backing::Mmap
            ),
        };
        assert!(is_right, "{source:?} gave {backing:?}");
    }
}

#[cfg(not(feature = "os"))]
#[test]
fn without_the_feature_each_source_of_the_system_says_so() {
    for source in [
        RegionSource::Mmap,
        RegionSource::HugePages,
        RegionSource::ReservedHugePages,
        RegionSource::Memfd,
    ] {
        let error = small().region(source).build().expect_err("no `os`");
        let text = error.to_string();
        assert!(
            text.starts_with("region: needs feature `os`"),
            "{source:?}: {text}"
        );
    }
    let error = |builder: PoolBuilder| builder.build().expect_err("no `os`").to_string();
    assert_eq!(
        error(small().lock(MemoryLock::Now)),
        "lock: needs feature `os` and a Unix"
    );
    assert_eq!(
        error(small().numa_node(0)),
        "numa_node: needs feature `os` and Linux"
    );
}

#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
#[test]
fn huge_pages_are_whole_and_the_strict_form_falls_back_to_nothing() {
    const HUGE: usize = 2 * 1024 * 1024;
    let asked = small()
        .region(RegionSource::HugePages)
        .build()
        .expect("a fallback");
    let span = asked.region();
    assert_eq!((span.base().addr() % HUGE, span.bytes()), (0, HUGE));
    match small().region(RegionSource::ReservedHugePages).build() {
        Ok(pool) => {
            assert_eq!(pool.region().backing(), Backing::HugePages);
            take_all(&pool)
                .iter_mut()
                .for_each(|lease| lease.fill(0xa5));
        }
        Err(why) => {
            assert!(why.is_out_of_memory());
            assert!(
                why.to_string().starts_with("region: mmap (huge pages) has"),
                "{why}"
            );
            println!("skipped: no huge pages are set aside here");
        }
    }
}

#[cfg(all(feature = "os", feature = "std", target_os = "linux", not(miri)))]
#[test]
fn a_memory_file_shows_the_bytes_and_takes_none() {
    use std::os::unix::fs::FileExt;

    let pool = small()
        .region(RegionSource::Memfd)
        .build()
        .expect("one page");
    assert!(small().build().expect("heap").region_fd().is_none());
    let fd = pool.region_fd().expect("a file");
    let file = std::fs::File::from(fd.try_clone_to_owned().expect("a descriptor is free"));
    assert_eq!(
        file.metadata().expect("open").len(),
        pool.region().bytes() as u64
    );
    let mut lease = pool.alloc().expect("free");
    lease[..5].copy_from_slice(b"hello");
    let offset = lease.as_ptr().addr() - pool.region().base().addr();
    let mut seen = [0; 5];
    file.read_exact_at(&mut seen, offset as u64)
        .expect("inside");
    assert_eq!(&seen, b"hello");
    assert!(
        file.write_at(b"x", offset as u64).is_err(),
        "bytes under a `&[u8]` must not change"
    );
    assert!(file.set_len(0).is_err() && file.set_len(1 << 20).is_err());
    assert_eq!(&lease[..5], b"hello");
    // It goes with the last lease, whoever has another descriptor.
    drop(pool);
    assert_eq!(&lease[..5], b"hello");
    drop(lease);
    file.read_exact_at(&mut seen, offset as u64)
        .expect("our own descriptor");
}

/// The lines that the kernel has about the mapping that `address` is in.
#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
fn mapping(address: *const u8) -> String {
    let maps = std::fs::read_to_string("/proc/self/smaps").expect("Linux has it");
    let mut found = String::new();
    let mut inside = false;
    for line in maps.lines() {
        let range = line.split_whitespace().next().and_then(|range| {
            let (start, end) = range.split_once('-')?;
            Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
        });
        if let Some(range) = range {
            inside = range.contains(&address.addr());
        }
        if inside {
            found.push_str(line);
            found.push('\n');
        }
    }
    found
}

#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
fn has_flag(address: *const u8, flag: &str) -> bool {
    let lines = mapping(address);
    let flags = lines
        .lines()
        .find_map(|line| line.strip_prefix("VmFlags:"))
        .expect("Linux has it");
    flags.split_whitespace().any(|has| has == flag)
}

#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
#[test]
fn a_child_process_does_not_get_a_memory_file() {
    for (source, left_out) in [(RegionSource::Memfd, true), (RegionSource::Mmap, false)] {
        let pool = small().region(source).build().expect("one page");
        assert_eq!(has_flag(pool.region().base(), "dc"), left_out, "{source:?}");
    }
}

#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
#[test]
fn locked_memory_is_locked_or_the_error_names_the_limit() {
    for lock in [MemoryLock::Now, MemoryLock::OnFault] {
        for source in &SOURCES[1..] {
            match small().region(*source).lock(lock).build() {
                Ok(pool) => assert!(has_flag(pool.region().base(), "lo"), "{source:?}, {lock:?}"),
                Err(why) => {
                    assert!(why.to_string().contains("RLIMIT_MEMLOCK is"), "{why}");
                    println!("skipped: this process may not lock so much memory");
                }
            }
        }
        let heap = small().lock(lock).build().expect_err("shares its pages");
        assert!(
            heap.to_string()
                .starts_with("lock: needs a region source of the operating system"),
            "{heap}"
        );
    }
}

#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
#[test]
fn a_node_is_bound_or_refused_by_its_number() {
    let on = |node| {
        small()
            .region(RegionSource::Mmap)
            .numa_node(node)
            .prefault(true)
            .build()
    };
    match on(0) {
        Ok(pool) => {
            take_all(&pool)
                .iter_mut()
                .for_each(|lease| lease.fill(0xa5));
            let maps = std::fs::read_to_string("/proc/self/numa_maps").unwrap_or_default();
            let start = format!("{:x} ", pool.region().base().addr());
            if let Some(line) = maps.lines().find(|line| line.starts_with(&start)) {
                assert!(line.contains("bind:0"), "{line}");
            }
        }
        Err(why) => {
            assert!(
                why.to_string()
                    .starts_with("numa_node: the system refused to bind"),
                "{why}"
            );
            println!("skipped: this system binds no memory to nodes");
        }
    }
    let none = on(1023).expect_err("no machine has as many").to_string();
    assert!(
        none.starts_with("numa_node: the system refused to bind the region to this node, 1023"),
        "{none}"
    );
    assert_eq!(
        on(1024).expect_err("out of range").to_string(),
        "numa_node: must be 0 to 1023, got 1024"
    );
    let heap = small().numa_node(0).build().expect_err("shares its pages");
    assert!(heap.to_string().starts_with("numa_node: needs"), "{heap}");
}

#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
#[test]
fn memory_is_there_before_its_first_use_only_if_asked() {
    const BYTES: usize = 32 * 1024 * 1024;
    let resident = |source, prefault| {
        let pool = Pool::builder()
            .slots(BYTES / 4096)
            .slot_bytes(4096)
            .region(source)
            .prefault(prefault)
            .build()
            .expect("32 MiB");
        let middle = pool.region().base().wrapping_add(BYTES / 2);
        let lines = mapping(middle);
        let rss = lines
            .lines()
            .find_map(|line| line.strip_prefix("Rss:"))
            .expect("it is mapped");
        rss.trim()
            .trim_end_matches(" kB")
            .parse::<usize>()
            .expect("a number")
            * 1024
    };
    for source in [RegionSource::Heap, RegionSource::Mmap, RegionSource::Memfd] {
        let (lazy, there) = (resident(source, false), resident(source, true));
        assert!(lazy < BYTES / 2, "{source:?}: {lazy} bytes");
        assert!(there >= BYTES, "{source:?}: {there} bytes");
    }
    // Any system knows how to touch.
    small().prefault(true).build().expect("3 KiB");
}

/// Memory of the test's own, and how often it was given back.
struct Lent {
    _memory: Arc<AlignedPages>,
    given_back: Arc<AtomicUsize>,
}

#[repr(align(4096))]
struct AlignedPages(#[expect(dead_code, reason = "only its address counts")] [u8; 8192]);

impl Drop for Lent {
    fn drop(&mut self) {
        self.given_back.fetch_add(1, Ordering::Relaxed);
    }
}

fn lend(bytes: usize) -> (ExternalRegion<Lent>, *const u8, Arc<AtomicUsize>) {
    let memory = Arc::new(AlignedPages([0xa5; 8192]));
    let base = std::ptr::NonNull::new(Arc::as_ptr(&memory).cast_mut().cast::<u8>());
    let base = base.expect("an arc is somewhere");
    let given_back = Arc::new(AtomicUsize::new(0));
    let owner = Lent {
        _memory: memory,
        given_back: Arc::clone(&given_back),
    };
    // SAFETY: the array lives as long as the owner, and nobody else looks at it.
    let region = unsafe { ExternalRegion::new(base, bytes, owner) };
    (region, base.as_ptr(), given_back)
}

#[test]
fn a_brought_region_is_used_as_it_is_and_given_back_with_the_last_lease() {
    let (region, base, given_back) = lend(8192);
    let builder = Pool::builder().slots(8).slot_bytes(1024).align(1024);
    assert_eq!(builder.region_bytes().expect("in range"), 8192);
    let pool = builder.build_on(region).expect("it fits to the byte");
    assert_eq!(pool.region().backing(), Backing::External);
    assert_eq!(pool.region().base().cast_const(), base);
    let mut all = take_all(&pool);
    assert!(
        all.iter()
            .all(|lease| lease.iter().all(|byte| *byte == 0xa5))
    );
    let last = all.pop().expect("eight");
    drop((all, pool));
    assert_eq!(given_back.load(Ordering::Relaxed), 0, "a lease is out");
    assert_eq!(last[0], 0xa5);
    std::thread::spawn(move || drop(last))
        .join()
        .expect("it only drops");
    assert_eq!(given_back.load(Ordering::Relaxed), 1);
}

#[test]
fn a_refused_region_comes_back() {
    let builder = || Pool::builder().slots(8).slot_bytes(1024).align(1024);
    let (region, _, given_back) = lend(8191);
    let refused = builder().build_on(region).expect_err("one byte too few");
    assert_eq!(
        refused.to_string(),
        "region: the pool needs 8192 bytes, this one has 8191"
    );
    assert!(!refused.why().is_out_of_memory());
    let region = refused.into_region();
    let refused = builder().lock(MemoryLock::Now).build_on(region);
    let refused = refused.expect_err("not ours to lock");
    assert_eq!(
        refused.to_string(),
        "lock: needs a region of the pool's own"
    );
    let refused = builder().slots(0).build_on(refused.into_region());
    let refused = refused.expect_err("no slots");
    assert_eq!(refused.to_string(), "slots: must be 1 to 4294967294, got 0");
    let owner = refused.into_region().into_owner();
    assert_eq!(given_back.load(Ordering::Relaxed), 0, "never dropped");
    drop(owner);

    let (region, base, _) = lend(8192);
    let owner = region.into_owner();
    // SAFETY: one byte behind the array's beginning, for as long as the owner lives.
    let askew = unsafe {
        ExternalRegion::new(
            std::ptr::NonNull::new(base.cast_mut().wrapping_add(24)).expect("not null"),
            8000,
            owner,
        )
    };
    let refused = builder().slots(2).build_on(askew);
    assert_eq!(
        refused.expect_err("24 is no multiple").to_string(),
        "region: must begin at a multiple of 1024 bytes, begins 24 behind one"
    );
}

/// Gives a slot of each of its pools back, and all of them in turn were in use by this thread: whatever the thread had a cache in is put away by that.
struct Busy {
    _memory: Arc<AlignedPages>,
    pools: Vec<Pool>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        assert!(self.pools.iter().all(|pool| pool.alloc().is_some()));
    }
}

#[test]
fn an_owner_that_is_dropped_with_the_last_lease_may_use_other_pools() {
    let memory = Arc::new(AlignedPages([0; 8192]));
    let base = std::ptr::NonNull::new(Arc::as_ptr(&memory).cast_mut().cast::<u8>());
    let many = || Pool::builder().slots(64).slot_bytes(16).align(16);
    let pools: Vec<_> = (0..130)
        .map(|_| many().build().expect("a kilobyte"))
        .collect();
    let owner = Busy {
        _memory: memory,
        pools: pools.clone(),
    };
    // SAFETY: the array lives as long as the owner, and nobody else looks at it.
    let region = unsafe { ExternalRegion::new(base.expect("not null"), 8192, owner) };
    let pool = many().build_on(region).expect("it fits");
    let (kept, last) = (pool.alloc(), pool.alloc());
    drop(pool);
    drop(kept);
    drop(last); // Into the cache of a closed pool: the owner goes in the middle of that.
    for pool in &pools {
        assert_eq!(pool.in_use(), 0);
        assert_eq!(take_all(pool).len(), 64);
    }
}

/// A child does not have the mapping: what it maps at that address is not the pool's to unmap.
#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
#[test]
fn a_forked_child_may_drop_a_pool_on_a_memory_file() {
    let builder = small().region(RegionSource::Memfd);
    let pool = builder.build().expect("a page of memory file");
    let (base, bytes) = (pool.region().base(), pool.region().bytes());
    // SAFETY: the child calls what it may after a fork: it maps, looks and ends.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: replaces nothing, by the flag.
        let mapped = unsafe { libc::mmap(base.cast(), bytes, access, flags, -1, 0) };
        drop(pool);
        let byte = mapped.cast::<u8>();
        let is_ours = mapped.cast::<u8>() == base && {
            // SAFETY: mapped above; a fault, if the pool unmapped it.
            unsafe { byte.write_volatile(7) };
            // SAFETY: mapped above.
            unsafe { byte.read_volatile() == 7 }
        };
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(i32::from(!is_ours)) }
    }
    let mut status = 0;
    // SAFETY: the child is ours, and `status` is a place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
        "status {status:#x}"
    );
}
