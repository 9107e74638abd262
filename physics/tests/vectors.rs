//! The formulas reproduce numbers that others computed: FAO-56's worked examples, a season of
//! pyfao56, five networks of EPANET.

#[path = "vectors/closed_form.rs"]
mod closed_form;
#[path = "vectors/csv.rs"]
mod csv;
#[path = "vectors/hydraulics_epanet.rs"]
mod hydraulics_epanet;
#[path = "vectors/soil_pyfao56.rs"]
mod soil_pyfao56;
