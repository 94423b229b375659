mod drift;
mod limits;
mod models;
mod reviews;
