//! A buffer pool so naive that it is right: numbers in lists, one thread, no caches.

pub(crate) const KIB: usize = 1024;
pub(crate) const CLASS_BYTES: [usize; 3] = [4 * KIB, 16 * KIB, 64 * KIB];
pub(crate) const CAPACITY: usize = 3;

/// Who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payer {
    Pool,
    Alice,
}

/// Where a buffer's bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Slot(usize),
    /// So many bytes, of which so many are charged.
    Elsewhere(usize, usize),
}

/// Why there was no buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum No {
    TooLarge,
    Exhausted,
    OverBudget { ever: bool },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    pub(crate) idle: usize,
    pub(crate) out: usize,
}

impl Slots {
    pub(crate) fn vacant(self) -> usize {
        CAPACITY - self.idle - self.out
    }
}

#[derive(Debug)]
pub(crate) struct Naive {
    pub(crate) classes: [Slots; 3],
    pub(crate) limit: usize,
    pub(crate) floor: usize,
    pub(crate) ceiling: usize,
    /// Charged to the pool's budget itself.
    pub(crate) own: usize,
    pub(crate) alice: usize,
}

impl Naive {
    pub(crate) fn used(&self) -> usize {
        self.own + self.alice
    }

    fn reserved(&self) -> usize {
        self.own + self.alice.max(self.floor)
    }

    /// What is to be had for more bytes at the root, if Alice asks.
    fn alice_needs(&self, bytes: usize) -> usize {
        (self.alice + bytes).max(self.floor) - self.alice.max(self.floor)
    }

    fn has_room(&self, payer: Payer, bytes: usize) -> bool {
        let room = self.limit.saturating_sub(self.reserved());
        match payer {
            Payer::Pool => bytes <= room,
            Payer::Alice => {
                bytes <= self.ceiling.saturating_sub(self.alice) && self.alice_needs(bytes) <= room
            }
        }
    }

    fn could_ever(&self, payer: Payer, bytes: usize) -> bool {
        match payer {
            Payer::Pool => bytes <= self.limit - self.floor,
            Payer::Alice => {
                bytes <= self.ceiling && bytes.saturating_sub(self.floor) <= self.limit - self.floor
            }
        }
    }

    fn available(&self, payer: Payer) -> usize {
        let room = self.limit.saturating_sub(self.reserved());
        match payer {
            Payer::Pool => room,
            Payer::Alice => {
                let slack = self.floor.saturating_sub(self.alice);
                (self.ceiling.saturating_sub(self.alice)).min(slack + room)
            }
        }
    }

    fn charge(&mut self, payer: Payer, bytes: usize) {
        match payer {
            Payer::Pool => self.own += bytes,
            Payer::Alice => self.alice += bytes,
        }
    }

    fn give_back(&mut self, payer: Payer, bytes: usize) {
        match payer {
            Payer::Pool => self.own -= bytes,
            Payer::Alice => self.alice -= bytes,
        }
    }

    /// Moves bytes in one step, if there is room when they are gone from where they were.
    fn move_bytes(&mut self, from: Payer, to: Payer, bytes: usize) -> bool {
        self.give_back(from, bytes);
        let has_room = self.has_room(to, bytes);
        self.charge(if has_room { to } else { from }, bytes);
        has_room
    }

    pub(crate) fn class_of(min: usize) -> Option<usize> {
        CLASS_BYTES.iter().position(|bytes| *bytes >= min)
    }

    pub(crate) fn idle_bytes(&self) -> usize {
        let idle = self.classes.iter().zip(CLASS_BYTES);
        idle.map(|(class, bytes)| class.idle * bytes).sum()
    }

    pub(crate) fn reclaim(&mut self, bytes: usize) -> usize {
        let mut freed = 0;
        for (class, class_bytes) in self.classes.iter_mut().zip(CLASS_BYTES).rev() {
            while freed < bytes && class.idle > 0 {
                class.idle -= 1;
                self.own -= class_bytes;
                freed += class_bytes;
            }
        }
        freed
    }

    fn look_in(&mut self, index: usize, payer: Payer) -> Result<(), No> {
        let bytes = CLASS_BYTES[index];
        if self.classes[index].idle > 0 {
            if payer != Payer::Pool && !self.move_bytes(Payer::Pool, payer, bytes) {
                return Err(self.over_budget(payer, bytes));
            }
            self.classes[index].idle -= 1;
        } else if self.classes[index].vacant() == 0 {
            return Err(No::Exhausted);
        } else if self.has_room(payer, bytes) {
            self.charge(payer, bytes);
        } else {
            return Err(self.over_budget(payer, bytes));
        }
        self.classes[index].out += 1;
        Ok(())
    }

    fn over_budget(&self, payer: Payer, bytes: usize) -> No {
        let ever = self.could_ever(payer, bytes);
        No::OverBudget { ever }
    }

    pub(crate) fn try_take(&mut self, min: usize, payer: Payer) -> Result<Place, No> {
        let index = Self::class_of(min).ok_or(No::TooLarge)?;
        let bytes = CLASS_BYTES[index];
        loop {
            let why = match self.look_in(index, payer) {
                Ok(()) => return Ok(Place::Slot(index)),
                Err(why) => why,
            };
            let helps = payer == Payer::Pool || self.ceiling.saturating_sub(self.alice) >= bytes;
            let again = why == No::OverBudget { ever: true } && helps && self.reclaim(bytes) > 0;
            if !again {
                return Err(why);
            }
        }
    }

    pub(crate) fn take(&mut self, min: usize, payer: Payer) -> Place {
        match self.try_take(min, payer) {
            Ok(place) => return place,
            Err(No::OverBudget { .. }) => {
                let index = Self::class_of(min).expect("it has a class");
                if self.classes[index].vacant() > 0 {
                    self.charge(payer, CLASS_BYTES[index]);
                    self.classes[index].out += 1;
                    return Place::Slot(index);
                }
            }
            Err(_) => {}
        }
        let bytes = Self::class_of(min).map_or(min, |index| CLASS_BYTES[index]);
        self.elsewhere(bytes, payer)
    }

    pub(crate) fn elsewhere(&mut self, bytes: usize, payer: Payer) -> Place {
        let missing = bytes.saturating_sub(self.available(payer));
        self.reclaim(missing);
        let mapped = bytes >= 128 * KIB;
        let charged = if mapped {
            bytes.next_multiple_of(4096)
        } else {
            bytes
        };
        self.charge(payer, charged);
        Place::Elsewhere(bytes, charged)
    }

    pub(crate) fn drop_buffer(&mut self, place: Place, payer: Payer) {
        match place {
            Place::Elsewhere(_, charged) => self.give_back(payer, charged),
            Place::Slot(index) => {
                let bytes = CLASS_BYTES[index];
                self.classes[index].out -= 1;
                if payer == Payer::Pool || self.move_bytes(payer, Payer::Pool, bytes) {
                    self.classes[index].idle += 1;
                } else {
                    self.give_back(payer, bytes);
                }
            }
        }
    }
}
