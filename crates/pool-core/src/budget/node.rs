//! One budget's place in its tree: what handles, charges, requests and children keep alive.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::task::Waker;

use super::account::{AccountId, Terms};
use super::books::Books;
use super::error::{BudgetError, ChargeError};
use super::lock::Lock;
use super::quick::Quick;
use super::wakers::wake_all;
use crate::line::Line;
use crate::tenant::Tenant;

/// Gives back what was charged, if it is dropped.
struct GiveBack<'a>(&'a Node, usize);

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        self.0.release(self.1);
    }
}

/// Alone on its cache lines, because each charge writes to it.
#[derive(Debug)]
pub(crate) struct Tree(Line<Lock<Books>>);

/// A budget. It lives as long as somebody refers to it: a handle, a charge, a request, or a child.
#[derive(Debug)]
pub(crate) struct Node {
    quick: Arc<Line<Quick>>,
    tree: Arc<Tree>,
    account: AccountId,
    tenant: Tenant,
    /// What this one is part of, until it leaves the tree.
    parent: Option<Arc<Node>>,
    has_left: bool,
}

impl Node {
    pub(crate) fn root(terms: Terms) -> Arc<Self> {
        let mut books = Books::default();
        let tenant = terms.tenant;
        let account = books.ledger.open(None, terms).expect("the first");
        Arc::new(Self {
            quick: Arc::clone(&books.ledger[account].quick),
            tree: Arc::new(Tree(Line(Lock::new(books)))),
            account,
            tenant,
            parent: None,
            has_left: false,
        })
    }

    pub(crate) fn child(self: &Arc<Self>, terms: Terms) -> Result<Arc<Self>, BudgetError> {
        let tenant = terms.tenant;
        // Made before the lock, so that a panic of the allocator leaves no account without an owner.
        let mut node = Arc::new(Self {
            quick: Arc::clone(&self.quick),
            tree: Arc::clone(&self.tree),
            account: self.account,
            tenant,
            parent: Some(Arc::clone(self)),
            has_left: true,
        });
        let woken = self.with(|books, parent| {
            let (account, woken) = books.open_child(parent, terms)?;
            let made = Arc::get_mut(&mut node).expect("no other has it yet");
            made.quick = Arc::clone(&books.ledger[account].quick);
            (made.account, made.has_left) = (account, false);
            if tenant != Tenant::NONE {
                books.name_tenant(parent, tenant, account, Arc::downgrade(&node));
            }
            Ok::<_, BudgetError>(woken)
        })?;
        wake_all(woken);
        Ok(node)
    }

    /// Runs something under the lock of the tree, with this account in the books. No code of any user's runs under it.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Books, AccountId) -> R) -> R {
        let at = self.account;
        self.tree.0.0.with(|books| {
            books.ledger.guard(at);
            let done = work(books, at);
            books.ledger.let_be_quick(at);
            done
        })
    }

    #[inline]
    pub(crate) fn quick(&self) -> &Quick {
        &self.quick.0
    }

    /// Charges, or says why not.
    #[inline]
    pub(crate) fn charge(&self, bytes: usize) -> Result<(), ChargeError> {
        if self.quick().try_charge(bytes) {
            return Ok(());
        }
        self.ask(bytes)
    }

    #[cold]
    fn ask(&self, bytes: usize) -> Result<(), ChargeError> {
        let woken = self.with(|books, at| {
            books.charge(at, bytes)?;
            Ok::<_, ChargeError>(books.settle())
        })?;
        self.wake_beside(bytes, woken);
        Ok(())
    }

    /// Charges whatever the limits say. `false`: the sums cannot be that large.
    pub(crate) fn overdraw(&self, bytes: usize) -> bool {
        let woken = self.with(|books, at| books.overdraw(at, bytes).then(|| books.settle()));
        let counted = woken.is_some();
        self.wake_beside(bytes, woken.unwrap_or_default());
        counted
    }

    /// Wakes those whose turn came because one before them lost its room to a charge of `bytes`, which is given back if a waker panics.
    fn wake_beside(&self, bytes: usize, woken: Vec<Waker>) {
        if woken.is_empty() {
            return;
        }
        let charged = GiveBack(self, bytes);
        wake_all(woken);
        mem::forget(charged);
    }

    /// The number is this node's alone while it lives.
    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    /// Whom this budget is for.
    pub(crate) fn is_for(&self) -> Tenant {
        self.tenant
    }

    pub(crate) fn parent(&self) -> Option<&Arc<Self>> {
        self.parent.as_ref()
    }

    pub(crate) fn is_in_tree_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tree, &other.tree)
    }

    pub(crate) fn tenant(&self, tenant: Tenant) -> Option<Arc<Self>> {
        self.with(|books, parent| books.tenant(parent, tenant))
    }

    pub(crate) fn set_limit(&self, limit: usize) -> Result<(), BudgetError> {
        let woken = self.with(|books, at| books.set_limit(at, limit))?;
        wake_all(woken);
        Ok(())
    }

    /// Gives back what was charged here.
    #[inline]
    pub(crate) fn release(&self, bytes: usize) {
        if bytes > 0 && !self.quick().try_release(bytes) {
            self.tell(bytes);
        }
    }

    #[cold]
    fn tell(&self, bytes: usize) {
        let woken = self.with(|books, at| {
            books.ledger.sub(at, bytes);
            books.settle()
        });
        wake_all(woken);
    }

    /// Closes the account, and gives the parent that this one kept.
    fn leave(&mut self) -> Option<Arc<Self>> {
        if !self.has_left {
            self.has_left = true;
            let woken = self.with(Books::close);
            wake_all(woken);
        }
        self.parent.take()
    }
}

impl Drop for Node {
    /// One after another and not one within another, so that a tree may be of any depth.
    fn drop(&mut self) {
        let mut parent = self.leave();
        while let Some(last) = parent {
            parent = Arc::into_inner(last).and_then(|mut node| node.leave());
        }
    }
}
