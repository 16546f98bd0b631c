//! Handlers are plain async functions. The first argument is what guards them (`Ctx<Rule>`,
//! `Pending<Rule>` or `Open`): a function without a guard is no handler, so policy cannot be
//! forgotten.

use crate::call::Call;
use crate::policy::RuleDefault;
use crate::reply::Reply;
use futures::future::{FutureExt, LocalBoxFuture};
use schemas::Result;

/// What must hold before a handler runs.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Anybody, without a token.
    Open,
    /// A token that passes the rule before the handler runs.
    Rule(&'static RuleDefault),
    /// A token; the handler finds the thing first, then asks the rule about it.
    Target(&'static RuleDefault),
}

impl Access {
    /// The rule's name, if there is one.
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            Access::Open => None,
            Access::Rule(rule) | Access::Target(rule) => Some(rule.name),
        }
    }
}

/// Something a handler takes from the request.
pub trait Extract: Sized {
    /// Takes it, or says what is wrong with the request.
    fn extract(call: &Call) -> impl Future<Output = Result<Self>>;
}

/// An extractor that may stand first.
pub trait Guard: Extract {
    /// What it checks.
    const ACCESS: Access;
}

/// An async function from a guard and up to four more extractors to a reply.
pub trait Handler<Args>: Send + Sync + Sized + 'static {
    /// What guards it.
    fn access(&self) -> Access;
    /// Extracts the arguments in order and runs it.
    fn run(&self, call: Call) -> LocalBoxFuture<'static, Reply>;
}

macro_rules! handlers {
    ($(($($arg:ident)*))+) => {$(
        impl<F, Fut, G, $($arg),*> Handler<(G, $($arg,)*)> for F
        where
            F: Fn(G, $($arg),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Reply> + 'static,
            G: Guard + 'static,
            $($arg: Extract + 'static,)*
        {
            fn access(&self) -> Access {
                G::ACCESS
            }

            fn run(&self, call: Call) -> LocalBoxFuture<'static, Reply> {
                let handler = self.clone();
                async move {
                    let guard = G::extract(&call).await?;
                    call.route().refuse_unknown(call.query_string())?;
                    $(
                        #[expect(non_snake_case, reason = "named as its type parameter")]
                        let $arg = $arg::extract(&call).await?;
                    )*
                    handler(guard, $($arg),*).await
                }
                .boxed_local()
            }
        }
    )+};
}

handlers! { () (A) (A B) (A B C) (A B C D) }
