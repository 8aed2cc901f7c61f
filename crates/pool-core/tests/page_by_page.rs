//! "Other regions do not change by it": `page_by_page` and a region of huge pages.
#![cfg(all(feature = "os", target_os = "linux", not(miri)))]

use pool_core::{Backing, Pool, RegionSource};

/// What the kernel says of the mapping that an address lies in.
fn flags_of(address: usize) -> String {
    let maps = std::fs::read_to_string("/proc/self/smaps").expect("Linux has it");
    let mut is_it = false;
    for line in maps.lines() {
        if let Some((first, last)) = line
            .split(' ')
            .next()
            .and_then(|range| range.split_once('-'))
        {
            let hex = |text| usize::from_str_radix(text, 16);
            if let (Ok(first), Ok(last)) = (hex(first), hex(last)) {
                is_it = (first..last).contains(&address);
            }
        }
        if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| is_it) {
            return flags.to_owned();
        }
    }
    panic!("no such mapping");
}

#[test]
fn huge_pages_that_were_asked_for_are_not_forbidden() {
    let builder = Pool::builder()
        .slots(4)
        .slot_bytes(2 << 20)
        .region(RegionSource::HugePages);
    let plain = builder.clone().build().expect("8 MiB");
    if plain.region().backing() != Backing::TransparentHugePages {
        return;
    }
    let pool = builder.page_by_page(true).build().expect("8 MiB");
    let flags = [&plain, &pool].map(|pool| flags_of(pool.region().base().addr()));
    assert_eq!(pool.region().backing(), Backing::TransparentHugePages);
    let asked = flags
        .each_ref()
        .map(|flags| flags.split(' ').any(|flag| flag == "hg"));
    assert_eq!(asked, [true, true], "{flags:?}");
}
