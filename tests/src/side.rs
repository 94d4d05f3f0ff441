//! An agency on a thread of its own, so that what that thread does is what its side of an exchange does.

use std::thread::JoinHandle;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

type Order = Box<dyn FnOnce(&Runtime) + Send>;

/// A thread with a runtime of its own. It runs while an order is carried out and while the next one is
/// waited for.
pub struct Side {
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Side {
    /// A thread of that name.
    ///
    /// # Panics
    /// When the system gives none.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let (orders, mut queue) = mpsc::unbounded_channel::<Order>();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            while let Some(order) = runtime.block_on(queue.recv()) {
                order(&runtime);
            }
        });
        Self { orders: Some(orders), thread: Some(thread.expect("a thread")) }
    }

    /// Does something on the thread, with its runtime; what it gave.
    ///
    /// # Panics
    /// When it does.
    pub async fn with<T: Send + 'static>(
        &self,
        order: impl FnOnce(&Runtime) -> T + Send + 'static,
    ) -> T {
        let (told, given) = oneshot::channel();
        let order: Order = Box::new(move |runtime| drop(told.send(order(runtime))));
        let orders = self.orders.as_ref().expect("a side that runs");
        assert!(orders.send(order).is_ok(), "the side has ended");
        given.await.expect("an order that is carried out")
    }

    /// Runs a future on the thread; what it gave.
    pub async fn run<T, F>(&self, job: impl FnOnce() -> F + Send + 'static) -> T
    where
        T: Send + 'static,
        F: Future<Output = T>,
    {
        self.with(move |runtime| runtime.block_on(job())).await
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
