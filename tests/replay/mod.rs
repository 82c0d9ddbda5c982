//! What libraries, proxies and servers really did, replayed against their presets.

mod limiters;
mod nginx;
