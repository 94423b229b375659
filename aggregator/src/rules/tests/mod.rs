mod notices;
mod publication;
mod reading;
