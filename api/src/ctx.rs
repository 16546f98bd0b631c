//! `Ctx<Rule>`: the only way from a handler to the store, and proof that the rule holds.
//!
//! ```text
//! Ctx<R>      token → access rules of its application credential → rule R about the caller's own
//!             project → handler
//! Pending<R>  token → access rules → handler reads the thing → .authorize(target) → Ctx<R>
//! Open        handler (version documents, log-in)
//! ```

use crate::auth::{Auth, TokenScope};
use crate::call::Call;
use crate::identity::token;
use crate::policy::{Rule, Target};
use crate::route::{Access, Extract, Guard};
use schemas::{Error, Result};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use store::{Conn, Scope, Store};

/// A call without a token. Each use is visible in the route table.
pub struct Open(Call);

/// A call whose caller is known; rules about particular things are still to be asked.
pub struct Caller {
    call: Call,
    auth: Arc<Auth>,
}

/// A call that rule `R` allows.
pub struct Ctx<R: Rule> {
    caller: Caller,
    rule: PhantomData<fn() -> R>,
}

/// A call that rule `R` must be asked about as soon as its target is known.
pub struct Pending<R: Rule> {
    caller: Caller,
    rule: PhantomData<fn() -> R>,
}

impl Caller {
    async fn identify(call: &Call) -> Result<Caller> {
        let text = call
            .header("x-auth-token")
            .filter(|text| !text.is_empty())
            .ok_or_else(|| {
                Error::Unauthorized("The request you have made requires authentication.".into())
            })?;
        let auth = token::authenticate(call.state(), text).await?;
        let caller = Caller {
            call: call.clone(),
            auth,
        };
        caller.obey_access_rules()?;
        Ok(caller)
    }

    /// A token from an application credential with access rules is good for nothing else.
    fn obey_access_rules(&self) -> Result<()> {
        let credential = self.auth.application_credential.as_ref();
        let Some(rules) = credential.and_then(|c| c.access_rules.as_ref()) else {
            return Ok(());
        };
        let service = self.call.service();
        let (full, method) = (self.call.path(), self.call.http().method().as_str());
        let path = full.strip_prefix(service.prefix()).unwrap_or(full);
        if rules
            .iter()
            .any(|rule| rule.allows(service.kind(), method, path, full))
        {
            return Ok(());
        }
        Err(Error::Forbidden(
            "The application credential's access rules do not allow this request.".into(),
        ))
    }

    /// Who is calling.
    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    /// The caller.
    pub fn user_id(&self) -> &str {
        &self.auth.user.id
    }

    /// The project the token is for.
    ///
    /// # Errors
    /// `Forbidden` when it is for none.
    pub fn project_id(&self) -> Result<&str> {
        self.auth
            .project()
            .map(|project| project.id.as_str())
            .ok_or_else(|| {
                Error::Forbidden(
                    "This needs a token for a project; the one given is for none. Log in with a \
                 project."
                        .into(),
                )
            })
    }

    /// Does this other rule allow it too?
    pub fn check<Other: Rule>(&self, target: &Target<'_>) -> bool {
        self.allowed(Other::DEFAULT.name, target)
    }

    /// Is the caller one who sees the things of every project (`context_is_admin`)?
    pub fn is_admin(&self) -> bool {
        self.allowed("context_is_admin", &Target::new())
    }

    /// The rows the caller may see: all for an administrator, else those of the token's project.
    /// What is outside is `NotFound` for him.
    pub fn scope(&self) -> Scope {
        if self.is_admin() {
            return Scope::All;
        }
        Scope::Project(
            self.auth
                .project()
                .map(|p| p.id.clone())
                .unwrap_or_default(),
        )
    }

    /// Reads from the database.
    ///
    /// # Errors
    /// The closure's.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Conn) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.call.state().store.read(query).await
    }

    /// The caller as a target: his project and himself. What rules about lists and new things
    /// are asked with.
    pub fn own(&self) -> Target<'_> {
        let target = match &self.auth.scope {
            TokenScope::Project(project) => Target::project(&project.id),
            TokenScope::Domain(domain) => Target::new().with("domain_id", &domain.id),
            TokenScope::Unscoped | TokenScope::System => Target::new(),
        };
        target.with("user_id", &self.auth.user.id)
    }

    fn allowed(&self, rule: &str, target: &Target<'_>) -> bool {
        self.call
            .state()
            .policy
            .rules()
            .allows(rule, &self.auth, target)
    }

    fn require(&self, rule: &str, target: &Target<'_>) -> Result<()> {
        if self.allowed(rule, target) {
            return Ok(());
        }
        Err(refused(rule))
    }
}

fn refused(rule: &str) -> Error {
    Error::Forbidden(format!("Policy does not allow {rule} to be performed."))
}

impl<R: Rule> Ctx<R> {
    /// Asks the same rule about another target (the row it turned out to be about).
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn check_target(&self, target: &Target<'_>) -> Result<()> {
        self.require(R::DEFAULT.name, target)
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.state().store
    }
}

impl<R: Rule> Pending<R> {
    /// Asks the rule about the thing; only then may it be changed.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn authorize(self, target: &Target<'_>) -> Result<Ctx<R>> {
        self.caller.require(R::DEFAULT.name, target)?;
        Ok(Ctx {
            caller: self.caller,
            rule: PhantomData,
        })
    }

    /// Reads the thing the rule is about. Whoever may not do this to anything at all does not
    /// learn either whether the thing is there.
    ///
    /// # Errors
    /// The closure's; `Forbidden` in place of `NotFound` for such a caller.
    pub async fn find<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Conn) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        match self.read(query).await {
            Err(Error::NotFound(_)) if !self.would_allow(&Target::new()) => {
                Err(refused(R::DEFAULT.name))
            }
            found => found,
        }
    }

    /// Would the rule allow it?
    pub fn would_allow(&self, target: &Target<'_>) -> bool {
        self.caller.allowed(R::DEFAULT.name, target)
    }
}

impl Open {
    /// The database: what an open handler shows of it is its own responsibility.
    pub fn store(&self) -> &Store {
        &self.0.state().store
    }
}

impl Deref for Open {
    type Target = Call;
    fn deref(&self) -> &Call {
        &self.0
    }
}

impl Deref for Caller {
    type Target = Call;
    fn deref(&self) -> &Call {
        &self.call
    }
}

impl<R: Rule> Deref for Ctx<R> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<R: Rule> Deref for Pending<R> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Extract for Open {
    async fn extract(call: &Call) -> Result<Self> {
        Ok(Open(call.clone()))
    }
}

impl Guard for Open {
    const ACCESS: Access = Access::Open;
}

impl<R: Rule> Extract for Ctx<R> {
    async fn extract(call: &Call) -> Result<Self> {
        let caller = Caller::identify(call).await?;
        caller.require(R::DEFAULT.name, &caller.own())?;
        Ok(Ctx {
            caller,
            rule: PhantomData,
        })
    }
}

impl<R: Rule> Guard for Ctx<R> {
    const ACCESS: Access = Access::Rule(R::DEFAULT);
}

impl<R: Rule> Extract for Pending<R> {
    async fn extract(call: &Call) -> Result<Self> {
        Ok(Pending {
            caller: Caller::identify(call).await?,
            rule: PhantomData,
        })
    }
}

impl<R: Rule> Guard for Pending<R> {
    const ACCESS: Access = Access::Target(R::DEFAULT);
}
