//! A read of memory that was freed: what an address sanitizer that works reports.

fn main() {
    let freed: *const u64 = {
        let boxed = Box::new(1);
        &raw const *boxed
    };
    // SAFETY: none. That it is wrong is what this program is for.
    println!("{}", unsafe { freed.read_volatile() });
}
