//! What would change a bill: the same traffic sent another way, as bills over changed quantities.
//!
//! Each way is worked out over what was recorded, scaled like everything else, and priced in full,
//! tiers included. One that would cost more is told too: that is what people want to know before
//! they build it.

use super::{Charges, Item, Meter, Money, Prices, Quantities, Ratio, Usage, text, units};
use fieldmirror_core::limits::PAYLOAD_BYTES_MAX;

/// A client and what it published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Minutes that it is billed as connected.
    pub minutes: u64,
    /// CONNECTs that it is billed for.
    pub connects: u64,
    /// Whether it subscribes, and so has to stay connected.
    pub listens: bool,
    /// Whether its messages come over a network server, so that it needs no connection of its own.
    pub shared: bool,
    /// What it published, by topic.
    pub streams: Vec<Stream>,
}

/// A client's messages on one topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// Messages.
    pub messages: u64,
    /// Bytes of their payloads, all together.
    pub payload_bytes: u64,
    /// Bytes of the topic.
    pub topic_bytes: u64,
    /// Units that they are billed as.
    pub units: u64,
    /// Rules whose FROM matches the topic.
    pub rules: u64,
    /// Whether rules are all that it is for: no subscriber, no shadow request.
    pub plain: bool,
}

/// A way that would change the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    /// Its name.
    pub name: String,
    /// What it would save; less than nothing if it would cost more.
    pub saves: Money,
    /// The total then.
    pub total: Money,
    /// What else it would change.
    pub effects: Vec<String>,
}

/// The quantities of another way.
#[derive(Clone, Copy)]
struct Change {
    quantities: Quantities,
    /// CONNECTs that come again and again, not once a device.
    reconnects: u64,
}

/// Months for which the free tier lasts. Source: AWS IoT Core pricing, "AWS Free Tier".
const FREE_MONTHS: u64 = 12;

/// Messages a publish that are tried besides the most that fit into one step.
const BATCH: u64 = 10;

pub(super) fn of(
    usage: &Usage,
    ratio: Option<Ratio>,
    period_s: u64,
    charges: &Charges,
    prices: &Prices,
) -> Vec<Saving> {
    let mut savings = Vec::new();
    let mut add = |name: String, change: Change, effects: Vec<String>| {
        let mut quantities = change.quantities;
        let mut reconnects = change.reconnects;
        if let Some(ratio) = ratio {
            quantities = quantities.scaled(ratio);
            reconnects = ratio.of(reconnects, false);
        }
        quantities.add(Item::Connects, reconnects);
        let total = Charges::of(&quantities, prices, period_s).total;
        savings.push(Saving { name, saves: charges.total - total, total, effects });
    };
    if let Some((change, effects)) = basic_ingest(usage) {
        add("Basic Ingest".to_owned(), change, effects);
    }
    let batches = batch_sizes(usage, prices);
    for &n in &batches {
        let change = batched(usage, prices, n);
        add(format!("{n} messages a publish"), change, batch_effects(usage, n));
    }
    if let Some(change) = only_to_send(usage, usage.total, 1) {
        add("connecting only to send".to_owned(), change, send_effects(usage, change));
        if let Some(&n) = batches.last()
            && let Some(change) = only_to_send(usage, batched(usage, prices, n).quantities, n)
        {
            let mut effects = send_effects(usage, change);
            effects.extend(batch_effects(usage, n));
            add(format!("connecting only to send {n} messages"), change, effects);
        }
    }
    if let Some((change, effects)) = one_connection(usage) {
        add("one connection at the network server".to_owned(), change, effects);
    }
    let scaled = ratio.map_or(usage.total, |ratio| usage.total.scaled(ratio));
    savings.extend(free_tier(&scaled, period_s, charges, prices));
    savings
}

/// Publishing to `$aws/rules/<rule>/...`: no charge for the message itself.
fn basic_ingest(usage: &Usage) -> Option<(Change, Vec<String>)> {
    let fit: Vec<&Stream> = streams(usage).filter(|s| s.plain && s.rules > 0).collect();
    let units: u64 = fit.iter().map(|stream| stream.units).sum();
    if units == 0 {
        return None;
    }
    let left = usage.total.of(Item::Published) - units;
    let quantities = usage.total.with(Item::Published, left);
    let mut effects = vec![
        "devices publish to $aws/rules/RULE/TOPIC; nobody can subscribe to that, and no other \
         rule hears it"
            .to_owned(),
    ];
    if let Some(most) = fit.iter().map(|stream| stream.rules).max().filter(|most| *most > 1) {
        effects.push(format!(
            "up to {most} rules hear a message: it has to be published once for each of them, or \
             the rules be made one"
        ));
    }
    if left > 0 {
        effects.push(format!(
            "in the run {} messages are left that no rule hears or somebody subscribes to",
            text::grouped(left)
        ));
    }
    Some((Change { quantities, reconnects: 0 }, effects))
}

/// Batch sizes worth showing, the smaller first: a few, and the most that fit into one step.
fn batch_sizes(usage: &Usage, prices: &Prices) -> Vec<u64> {
    let plain: Vec<&Stream> = streams(usage).filter(|s| s.plain && s.messages > 1).collect();
    let messages: u64 = plain.iter().map(|stream| stream.messages).sum();
    let longest = plain.iter().map(|stream| stream.messages).max().unwrap_or(0);
    if messages == 0 {
        return Vec::new();
    }
    let topic = plain.iter().map(|stream| stream.topic_bytes).max().unwrap_or(0);
    let payload: u64 = plain.iter().map(|stream| stream.payload_bytes).sum();
    let mean = payload.div_ceil(messages);
    // `[a,b,c]`: a separator each, and one byte more.
    let most = prices.message_step_bytes.saturating_sub(topic + 1) / (mean + 1);
    let fits =
        |n: &u64| (2..=longest).contains(n) && batch_bytes(*n, mean) <= PAYLOAD_BYTES_MAX as u64;
    let mut sizes: Vec<u64> = [BATCH.min(most), most].into_iter().filter(fits).collect();
    sizes.dedup();
    sizes
}

const fn batch_bytes(n: u64, mean_bytes: u64) -> u64 {
    n * (mean_bytes + 1) + 1
}

/// The same messages, `n` of a topic in one publish as a JSON array.
fn batched(usage: &Usage, prices: &Prices, n: u64) -> Change {
    let step = prices.message_step_bytes;
    let mut quantities = usage.total;
    for stream in streams(usage).filter(|stream| stream.plain && stream.messages > 0) {
        let mean = stream.payload_bytes.div_ceil(stream.messages);
        let each = units(stream.topic_bytes + batch_bytes(n, mean), step);
        let batches = stream.messages.div_ceil(n);
        let fewer = stream.units.saturating_sub(batches * each);
        let take = |quantities: Quantities, item, units: u64| {
            quantities.with(item, quantities.of(item).saturating_sub(units))
        };
        quantities = take(quantities, Item::Published, fewer);
        quantities = take(quantities, Item::Triggered, fewer * stream.rules);
    }
    Change { quantities, reconnects: 0 }
}

fn batch_effects(usage: &Usage, n: u64) -> Vec<String> {
    let plain = || streams(usage).filter(|stream| stream.plain && stream.messages > 0);
    let messages: u64 = plain().map(|stream| stream.messages).sum();
    let interval_s = usage.period_s * plain().count() as u64 / messages.max(1);
    vec![
        format!("a reading waits up to {} for its publish", text::duration((n - 1) * interval_s)),
        "rules get an array: their statements have to change, and WHERE cannot pick one reading"
            .to_owned(),
        "actions and shadow operations are billed as before: one a reading".to_owned(),
    ]
}

/// Clients that never listen connect for each publish, a minute each.
fn only_to_send(usage: &Usage, total: Quantities, n: u64) -> Option<Change> {
    let (mut minutes, mut connects, mut reconnects) = (0, 0, 0);
    for client in usage.clients.iter().filter(|client| !client.listens && client.minutes > 0) {
        let publishes: u64 = client
            .streams
            .iter()
            .map(|s| if s.plain { s.messages.div_ceil(n) } else { s.messages })
            .sum();
        minutes += client.minutes - client.minutes.min(publishes);
        connects += client.connects;
        reconnects += publishes;
    }
    (connects > 0).then(|| Change {
        quantities: total
            .with(Item::Connection, total.of(Item::Connection).saturating_sub(minutes))
            .with(Item::Connects, total.of(Item::Connects).saturating_sub(connects)),
        reconnects,
    })
}

fn send_effects(usage: &Usage, change: Change) -> Vec<String> {
    let fewer = usage.total.of(Item::Connection) - change.quantities.of(Item::Connection);
    let mut effects = vec![format!(
        "in the run {} minutes of connection fewer, {} CONNECTs more, which are messages",
        text::grouped(fewer),
        text::grouped(change.reconnects)
    )];
    let listening = usage.clients.iter().filter(|client| client.listens).count();
    if listening > 0 {
        effects.push(format!("{listening} clients subscribe and stay connected"));
    }
    effects
}

/// A network server publishes for its devices over one connection.
fn one_connection(usage: &Usage) -> Option<(Change, Vec<String>)> {
    let shared: Vec<&Client> = usage.clients.iter().filter(|client| client.shared).collect();
    let [first, others @ ..] = shared.as_slice() else { return None };
    let minutes: u64 = others.iter().map(|client| client.minutes).sum();
    let connects: u64 = others.iter().map(|client| client.connects).sum();
    if minutes == 0 {
        return None;
    }
    let total = usage.total;
    let quantities = total
        .with(Item::Connection, total.of(Item::Connection).saturating_sub(minutes))
        .with(Item::Connects, total.of(Item::Connects).saturating_sub(connects));
    let effects = vec![
        format!(
            "{} devices are heard by gateways; their network server holds one connection of {} \
             minutes and publishes for them",
            text::grouped(shared.len() as u64),
            text::grouped(first.minutes)
        ),
        "one certificate and policy speak for all of them".to_owned(),
    ];
    Some((Change { quantities, reconnects: 0 }, effects))
}

/// The first twelve months of an account.
fn free_tier(
    total: &Quantities,
    period_s: u64,
    charges: &Charges,
    prices: &Prices,
) -> Option<Saving> {
    let month_s = prices.month_days * super::SECONDS_A_DAY;
    let free_s = period_s.min(FREE_MONTHS * month_s);
    let mut paid = Quantities::default();
    for item in Item::ALL {
        let meter = item.meter();
        let (all, free) = (total.metered(meter), prices.free_tier.of(meter));
        let free = prices.in_period(free, free_s);
        // Any one item stands for its meter: tiers know no other.
        if paid.metered(meter) == 0 {
            paid.add(item, all.saturating_sub(free));
        }
    }
    let left = Charges::of(&paid, prices, period_s).total;
    let saves = charges.total - left;
    (saves > Money::ZERO).then(|| Saving {
        name: "free tier of the first 12 months".to_owned(),
        saves,
        total: left,
        effects: vec![
            Meter::ALL
                .into_iter()
                .filter(|meter| prices.free_tier.of(*meter) > 0)
                .map(|m| format!("{} {}", text::grouped(prices.free_tier.of(m)), m.name()))
                .collect::<Vec<_>>()
                .join(", ")
                + " a month",
        ],
    })
}

fn streams(usage: &Usage) -> impl Iterator<Item = &Stream> {
    usage.clients.iter().flat_map(|client| &client.streams)
}
