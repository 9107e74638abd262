//! Where a shard's hours meet analytics: collected while clean, scored afterwards.

use crate::error::EngineError;
use crate::record::Record;
use crate::scenario::Scenario;
use fieldmirror_analytics::collector::Collector;
use fieldmirror_analytics::finding::{Finding, ScoreRows};
use fieldmirror_analytics::model::Model;
use fieldmirror_analytics::scorer::Scorer;
use fieldmirror_analytics::topology::Topology;
use fieldmirror_analytics::window::Window;
use fieldmirror_core::register::Register;
use std::sync::Arc;

/// One hour's windows of a shard.
pub(crate) type Windows = Vec<Window>;

/// What a shard learns, or has learned.
#[derive(Debug)]
pub(crate) struct Learning {
    topology: Arc<Topology>,
    phase: Phase,
    findings: Vec<Finding>,
    scores: ScoreRows,
}

#[derive(Debug)]
enum Phase {
    Clean(Box<Collector>),
    /// Between the two: the collector has left for training.
    Waiting,
    Scoring(Box<Scorer>),
}

/// Analytics' settings of a scenario.
pub(crate) fn spec(scenario: &Scenario) -> fieldmirror_analytics::spec::Spec {
    fieldmirror_analytics::spec::Spec {
        false_alarms_per_device_day: scenario.text.learn.false_alarms_per_device_day,
        ..fieldmirror_analytics::spec::Spec::default()
    }
}

impl Learning {
    pub(crate) fn new(
        scenario: &Scenario,
        register: &Register,
        _shard: usize,
    ) -> Result<Self, EngineError> {
        let topology = Arc::new(Topology::of(register));
        let collector = Collector::new(&topology, scenario.seed(), &spec(scenario));
        Ok(Self {
            topology,
            phase: Phase::Clean(Box::new(collector)),
            findings: Vec::new(),
            scores: ScoreRows::default(),
        })
    }

    /// Takes the windows of an hour.
    pub(crate) fn hour(
        &mut self,
        windows: &[Window],
        record: &mut Record,
    ) -> Result<(), EngineError> {
        match &mut self.phase {
            Phase::Clean(collector) => collector.observe(windows),
            Phase::Waiting => {}
            Phase::Scoring(scorer) => {
                self.scores.clear();
                scorer.score(windows, &mut self.scores, &mut self.findings)?;
                record.scores(&self.scores);
            }
        }
        Ok(())
    }

    /// Gives up what was collected, for training.
    pub(crate) fn take_collector(&mut self) -> Option<Collector> {
        match std::mem::replace(&mut self.phase, Phase::Waiting) {
            Phase::Clean(collector) => Some(*collector),
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// Scores from now on.
    pub(crate) fn score_with(&mut self, model: &Arc<Model>) -> Result<(), EngineError> {
        let scorer = Scorer::new(Arc::clone(model), Arc::clone(&self.topology))?;
        self.phase = Phase::Scoring(Box::new(scorer));
        Ok(())
    }

    /// All findings, with those that still last.
    pub(crate) fn finish(&mut self) -> Vec<Finding> {
        if let Phase::Scoring(scorer) = &mut self.phase {
            scorer.finish(&mut self.findings);
        }
        std::mem::take(&mut self.findings)
    }

    /// Who stands where.
    pub(crate) fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }
}
