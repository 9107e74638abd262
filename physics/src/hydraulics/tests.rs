//! Networks: bad trees are named, flows and heads agree, filters choke, dry zones do not suck.
