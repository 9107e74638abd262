//! Reception at the gateways of a farm: limits, capture, windows and order.
