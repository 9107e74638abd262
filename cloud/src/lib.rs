//! A sans-IO IoT Core: routing, sessions, registry, shadows, rule actions.
