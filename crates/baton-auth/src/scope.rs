//! What a credential may do: scopes, each for all queues or for some.
//!
//! `tasks:claim` is for every queue, `tasks:claim@emails` for one, `tasks:claim@img-*` for those that begin so.

use std::fmt;
use std::str::FromStr;

use baton_core::login::Role;
use baton_core::{NameError, QueueName};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("read {0:?} as a scope: there is none of that name")]
    Unknown(String),
    #[error("read the scope {0:?}: it is for the whole fleet and takes no queue")]
    NoQueue(String),
    #[error("read the scope {0:?}: behind @ stands a queue, or the beginning of one and *")]
    Queue(String, #[source] NameError),
    #[error("take {0} scopes: 64 are allowed")]
    TooMany(usize),
    #[error("take {0} bytes of scopes: 2,048 are allowed, so that they fit into a token")]
    TooLong(usize),
}

/// Scopes of one credential at most.
pub const SCOPES_MAX: usize = 64;

/// All of them together, as text: they stand in each access token.
pub const SCOPES_BYTES_MAX: usize = 2_048;

macro_rules! actions {
    ($($name:ident = $word:literal, $by_queue:literal, $about:literal;)*) => {
        /// One thing that can be allowed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $(#[doc = $about] $name),* }

        impl Action {
            pub const ALL: &[Action] = &[$(Action::$name),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Action::$name => $word),* }
            }

            /// Whether it can be allowed for some queues only.
            pub fn is_by_queue(self) -> bool {
                match self { $(Action::$name => $by_queue),* }
            }

            pub fn about(self) -> &'static str {
                match self { $(Action::$name => $about),* }
            }
        }
    };
}

actions! {
    TasksWrite = "tasks:write", true, "Submit tasks and flows, link them, rerun and move them";
    TasksRead = "tasks:read", true, "See tasks, flows and queues, and what happens to them";
    TasksCancel = "tasks:cancel", true, "Cancel tasks and flows";
    TasksClaim = "tasks:claim", true, "Claim tasks and report how they end; takes a credential of that worker";
    WorkersRegister = "workers:register", false, "Become a worker: get a credential with a worker id";
    WorkersRead = "workers:read", false, "See workers";
    WorkersAdmin = "workers:admin", false, "Tell workers to quiet down or to stop";
    QueuesAdmin = "queues:admin", true, "Pause and resume queues";
    MetricsRead = "metrics:read", false, "See the metrics and the health of the fleet in detail";
    AuthIntrospect = "auth:introspect", false, "Ask what a token is worth";
    AdminUsers = "admin:users", false, "Make, change and end users and their sessions";
    AdminKeys = "admin:keys", false, "Make, change and end API keys of everyone";
    Admin = "admin", false, "Everything";
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Action, ScopeError> {
        let known = Action::ALL.iter().find(|known| known.as_str() == text);
        known.copied().ok_or_else(|| ScopeError::Unknown(text.to_owned()))
    }
}

/// For which queues something is allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Where {
    Everywhere,
    Queue(QueueName),
    /// Those whose names begin so.
    Beginning(String),
}

impl Where {
    pub fn has(&self, queue: &QueueName) -> bool {
        match self {
            Where::Everywhere => true,
            Where::Queue(one) => one == queue,
            Where::Beginning(start) => queue.as_str().starts_with(start),
        }
    }

    /// Whether every queue of the other is one of these.
    fn contains(&self, other: &Where) -> bool {
        match (self, other) {
            (Where::Everywhere, _) => true,
            (_, Where::Queue(queue)) => self.has(queue),
            (Where::Beginning(start), Where::Beginning(other)) => other.starts_with(start),
            _ => false,
        }
    }
}

/// An action, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    pub action: Action,
    pub place: Where,
}

impl Scope {
    fn contains(&self, other: &Scope) -> bool {
        self.action == Action::Admin || (self.action == other.action && self.place.contains(&other.place))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope { action, place } = self;
        match place {
            Where::Everywhere => write!(out, "{action}"),
            Where::Queue(queue) => write!(out, "{action}@{queue}"),
            Where::Beginning(start) => write!(out, "{action}@{start}*"),
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Scope, ScopeError> {
        let Some((action, place)) = text.split_once('@') else {
            return Ok(Scope { action: text.parse()?, place: Where::Everywhere });
        };
        let action: Action = action.parse()?;
        if !action.is_by_queue() {
            return Err(ScopeError::NoQueue(text.to_owned()));
        }
        let wrong = |error| ScopeError::Queue(text.to_owned(), error);
        let place = match place.strip_suffix('*') {
            // Every queue, said in another way.
            Some("") => Where::Everywhere,
            // A name that may go on: with one more letter it must be a name.
            Some(start) => {
                QueueName::new(&format!("{start}x")).map_err(wrong)?;
                Where::Beginning(start.to_owned())
            }
            None => Where::Queue(QueueName::new(place).map_err(wrong)?),
        };
        Ok(Scope { action, place })
    }
}

/// Everything that one credential may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Everything.
    pub fn admin() -> Scopes {
        Scopes(vec![Scope { action: Action::Admin, place: Where::Everywhere }])
    }

    /// What users of this role may do.
    pub fn of_role(role: Role) -> Scopes {
        use Action::*;
        let actions: &[Action] = match role {
            Role::Viewer => &[TasksRead, WorkersRead, MetricsRead],
            Role::Operator => {
                &[TasksRead, WorkersRead, MetricsRead, TasksWrite, TasksCancel, QueuesAdmin, WorkersAdmin]
            }
            Role::Admin => &[Admin],
        };
        Scopes(actions.iter().map(|action| Scope { action: *action, place: Where::Everywhere }).collect())
    }

    /// What users with these roles may do, `roles` being words between spaces. A word that is no role allows nothing.
    pub fn of_roles(roles: &str) -> Scopes {
        let known = roles.split_whitespace().filter_map(|role| role.parse::<Role>().ok());
        Scopes::of(known.flat_map(|role| Scopes::of_role(role).0))
    }

    fn of(scopes: impl IntoIterator<Item = Scope>) -> Scopes {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort();
        scopes.dedup();
        Scopes(scopes)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of_action(&self, action: Action) -> impl Iterator<Item = &Where> {
        let fits = move |scope: &&Scope| scope.action == action || scope.action == Action::Admin;
        self.0.iter().filter(fits).map(|scope| &scope.place)
    }

    /// Whether it is allowed at all, be it for one queue.
    pub fn allow(&self, action: Action) -> bool {
        self.of_action(action).next().is_some()
    }

    pub fn allow_in(&self, action: Action, queue: &QueueName) -> bool {
        self.of_action(action).any(|place| place.has(queue))
    }

    pub fn allow_everywhere(&self, action: Action) -> bool {
        self.of_action(action).any(|place| *place == Where::Everywhere)
    }

    /// Whether the other allows nothing that this one does not.
    pub fn contain(&self, other: &Scopes) -> bool {
        other.0.iter().all(|asked| self.0.iter().any(|scope| scope.contains(asked)))
    }

    /// What both allow.
    pub fn and(&self, other: &Scopes) -> Scopes {
        let meet = |one: &Scope, two: &Scope| {
            if one.contains(two) {
                Some(two.clone())
            } else if two.contains(one) {
                Some(one.clone())
            } else {
                None
            }
        };
        Scopes::of(self.0.iter().flat_map(|one| other.0.iter().filter_map(move |two| meet(one, two))))
    }
}

/// Words between spaces, as in OAuth.
impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            write!(out, "{}{scope}", if at == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Scopes, ScopeError> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        if text.len() > SCOPES_BYTES_MAX {
            return Err(ScopeError::TooLong(text.len()));
        }
        if words.len() > SCOPES_MAX {
            return Err(ScopeError::TooMany(words.len()));
        }
        words.into_iter().map(str::parse).collect::<Result<Vec<Scope>, _>>().map(Scopes::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        text.parse().unwrap()
    }

    fn queue(name: &str) -> QueueName {
        QueueName::new(name).unwrap()
    }

    #[test]
    fn texts_come_back_in_one_order() {
        let text = "tasks:write tasks:claim@img-* tasks:claim@emails admin:keys tasks:write";
        assert_eq!(scopes(text).to_string(), "tasks:write tasks:claim@emails tasks:claim@img-* admin:keys");
        assert_eq!(scopes("tasks:read@*"), scopes("tasks:read"));
        assert_eq!(scopes(""), Scopes::default());
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for wrong in
            ["tasks", "tasks:", "tasks:read@", "tasks:read@a*b", "tasks:read@{x}", "admin@a", "Admin"]
        {
            assert!(wrong.parse::<Scopes>().is_err(), "{wrong}");
        }
        assert!("workers:read@a".parse::<Scopes>().is_err());
        assert!(vec!["tasks:read"; 65].join(" ").parse::<Scopes>().is_err());
        assert!(format!("tasks:read{}", " ".repeat(2_048)).parse::<Scopes>().is_err());
    }

    #[test]
    fn a_queue_is_exact_or_a_beginning() {
        let some = scopes("tasks:read@a tasks:read@img-*");
        for (name, allowed) in [("a", true), ("ab", false), ("img-", true), ("img-1", true), ("img", false)] {
            assert_eq!(some.allow_in(Action::TasksRead, &queue(name)), allowed, "{name}");
        }
        assert!(!some.allow_in(Action::TasksWrite, &queue("a")));
        assert!(some.allow(Action::TasksRead) && !some.allow_everywhere(Action::TasksRead));
        assert!(Scopes::admin().allow_everywhere(Action::AdminKeys));
    }

    #[test]
    fn nothing_is_contained_that_is_wider() {
        let wide = scopes("tasks:read@img-* tasks:write");
        for inside in ["", "tasks:read@img-1", "tasks:read@img-a*", "tasks:write@x tasks:write"] {
            assert!(wide.contain(&scopes(inside)), "{inside}");
        }
        for outside in ["tasks:read", "tasks:read@im*", "tasks:cancel", "admin"] {
            assert!(!wide.contain(&scopes(outside)), "{outside}");
        }
        assert!(Scopes::admin().contain(&scopes("admin admin:users tasks:read@x")));
    }

    #[test]
    fn both_allow_what_each_allows() {
        let one = scopes("tasks:read@img-* tasks:write@a");
        let both = one.and(&scopes("tasks:read tasks:write@b admin:keys"));
        assert_eq!(both.to_string(), "tasks:read@img-*");
        assert_eq!(one.and(&Scopes::admin()), one);
        assert_eq!(
            Scopes::of_roles("viewer nonsense").and(&scopes("admin")).to_string(),
            Scopes::of_role(Role::Viewer).to_string()
        );
    }
}
