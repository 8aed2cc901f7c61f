//! Random histories against a model that is too simple to be wrong.

use percore_slab::{CoreSlab, Page, PageId, RemotePage};
use proptest::collection::vec;
use proptest::prelude::*;
use std::thread;

const PAGE_BYTES: usize = 16;

#[derive(Debug, Clone)]
enum Operation {
    Alloc(Vec<u8>),
    DropPage(usize),
    Resize(usize, usize),
    IntoRemote(usize),
    Clone(usize),
    DropRemoteHere(usize),
    DropRemotesElsewhere,
    IntoId(usize),
    Redeem(usize),
    RedeemForged(u128),
    Tick,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    prop_oneof![
        5 => vec(any::<u8>(), 0..PAGE_BYTES + 4).prop_map(Alloc),
        2 => any::<usize>().prop_map(DropPage),
        1 => (any::<usize>(), 0..PAGE_BYTES + 4).prop_map(|(n, len)| Resize(n, len)),
        3 => any::<usize>().prop_map(IntoRemote),
        1 => any::<usize>().prop_map(Clone),
        2 => any::<usize>().prop_map(DropRemoteHere),
        1 => Just(DropRemotesElsewhere),
        1 => any::<usize>().prop_map(IntoId),
        2 => any::<usize>().prop_map(Redeem),
        1 => any::<u128>().prop_map(RedeemForged),
        1 => Just(Tick),
    ]
}

/// Each live thing beside the bytes it must show.
struct Model {
    slab: CoreSlab,
    pages: Vec<(Page, Vec<u8>)>,
    remotes: Vec<(RemotePage, Vec<u8>)>,
    ids: Vec<(PageId, Vec<u8>)>,
    spent_ids: Vec<PageId>,
    allocs: u64,
    local_frees: u64,
    exhausted: u64,
    oversize: u64,
    high_water: usize,
}

/// Removes one of them, if there is one.
fn pick<T>(from: &mut Vec<T>, n: usize) -> Option<T> {
    (!from.is_empty()).then(|| from.swap_remove(n % from.len()))
}

fn is_page(bytes: &[u8]) -> bool {
    bytes.len() <= PAGE_BYTES
}

impl Model {
    fn new(pages: usize) -> Self {
        Self {
            slab: CoreSlab::new(5, PAGE_BYTES, pages).expect("a small slab"),
            pages: Vec::new(),
            remotes: Vec::new(),
            ids: Vec::new(),
            spent_ids: Vec::new(),
            allocs: 0,
            local_frees: 0,
            exhausted: 0,
            oversize: 0,
            high_water: 0,
        }
    }

    /// Pages in use, each counted once however often it is shared.
    fn in_use(&self) -> usize {
        let here = self.pages.iter().filter(|(page, _)| !page.is_oversize());
        let mut shared: Vec<_> = self
            .remotes
            .iter()
            .filter(|(_, bytes)| is_page(bytes))
            .map(|(remote, _)| remote.as_ptr())
            .collect();
        shared.sort_unstable();
        shared.dedup();
        here.count() + shared.len() + self.ids.len()
    }

    fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Alloc(data) => self.alloc(data),
            Operation::DropPage(n) => {
                if let Some((page, _)) = pick(&mut self.pages, n) {
                    self.local_frees += u64::from(!page.is_oversize());
                }
            }
            Operation::Resize(n, len) => {
                let at = n % self.pages.len().max(1);
                if let Some((page, bytes)) = self.pages.get_mut(at) {
                    assert_eq!(page.set_len(len).is_ok(), len <= page.capacity());
                    if len <= page.capacity() {
                        bytes.resize(len, 0);
                    }
                }
            }
            Operation::IntoRemote(n) => {
                // An oversize page that was shortened would look like a page to `in_use`.
                if let Some((page, bytes)) = pick(&mut self.pages, n)
                    && page.is_oversize() != is_page(&bytes)
                {
                    self.remotes.push((page.into_remote(), bytes));
                }
            }
            Operation::Clone(n) => {
                let at = n % self.remotes.len().max(1);
                let copy = self.remotes.get(at).cloned();
                self.remotes.extend(copy);
            }
            Operation::DropRemoteHere(n) => drop(pick(&mut self.remotes, n)),
            Operation::DropRemotesElsewhere => {
                let remotes = std::mem::take(&mut self.remotes);
                let check_and_drop = move || {
                    for (remote, bytes) in remotes {
                        assert_eq!(remote[..], bytes);
                    }
                };
                thread::spawn(check_and_drop).join().expect("equal bytes");
            }
            Operation::IntoId(n) => {
                if let Some((page, bytes)) = pick(&mut self.pages, n) {
                    match page.into_id() {
                        Ok(id) => self.ids.push((id, bytes)),
                        Err(page) => {
                            assert!(page.is_oversize());
                            self.pages.push((page, bytes));
                        }
                    }
                }
            }
            Operation::Redeem(n) => self.redeem(n),
            Operation::RedeemForged(bits) => {
                assert!(self.slab.redeem(PageId::from_bits(bits)).is_err());
            }
            Operation::Tick => {
                self.slab.tick();
            }
        }
    }

    fn alloc(&mut self, data: Vec<u8>) {
        let free = self.slab.pages() - self.in_use();
        let page = self.slab.alloc(&data);
        assert_eq!(page.is_some(), !is_page(&data) || free > 0);
        if is_page(&data) {
            self.allocs += u64::from(page.is_some());
            self.exhausted += u64::from(page.is_none());
        } else {
            self.oversize += 1;
        }
        self.pages.extend(page.map(|page| (page, data)));
        self.high_water = self.high_water.max(self.in_use());
    }

    fn redeem(&mut self, n: usize) {
        for stale in &self.spent_ids {
            assert!(self.slab.redeem(*stale).is_err(), "{stale:?} was spent");
        }
        if let Some((id, bytes)) = pick(&mut self.ids, n) {
            let page = self.slab.redeem(id).expect("out, and not yet redeemed");
            self.spent_ids.push(id);
            self.pages.push((page, bytes));
        }
    }

    fn check(&self) {
        for (page, bytes) in &self.pages {
            assert_eq!(page[..], bytes[..]);
        }
        for (remote, bytes) in &self.remotes {
            assert_eq!(remote[..], bytes[..]);
        }
        let stats = self.slab.stats();
        assert_eq!(stats.in_use, self.in_use());
        assert_eq!(stats.available + stats.in_use, self.slab.pages());
        assert_eq!(stats.available, self.slab.available());
        assert_eq!(
            (stats.allocs, self.slab.alloc_count()),
            (self.allocs, self.allocs)
        );
        assert_eq!(stats.local_frees, self.local_frees);
        assert_eq!(
            stats.local_frees + stats.remote_frees + stats.in_use as u64,
            self.allocs
        );
        assert_eq!(
            (stats.exhausted, stats.oversize),
            (self.exhausted, self.oversize)
        );
        assert_eq!(stats.high_water, self.high_water);
    }

    fn finish(mut self) {
        self.pages.clear();
        self.remotes.clear();
        for (id, _) in self.ids.drain(..) {
            drop(self.slab.redeem(id).expect("out, and not yet redeemed"));
        }
        assert_eq!(self.slab.available(), self.slab.pages());
        let all: Vec<Page> = (0..self.slab.pages())
            .map_while(|_| self.slab.alloc(b"all"))
            .collect();
        assert_eq!(all.len(), self.slab.pages());
        assert!(self.slab.alloc(b"more").is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 64 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_slab_does_what_the_model_does(
        pages in 1..6_usize,
        operations in vec(operation(), 1..if cfg!(miri) { 20 } else { 120 }),
    ) {
        let mut model = Model::new(pages);
        for operation in operations {
            model.apply(operation);
            model.check();
        }
        model.finish();
    }
}
