//! The Rust map and log, driven as apps/bench/src/trees/worker.ts drives ours: a command a line on standard input, an
//! answer of JSON a line. Both make the same entries from the same numbers, so that equal roots show equal work.
//!
//! `map SIZE BATCH` and `log SIZE BATCH` append SIZE entries, BATCH at a time, to what is there already. Making the
//! entries is not timed.

use std::fs;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};
use warg_crypto::hash::Sha256;
use warg_transparency::log::{LogBuilder, VecLog};
use warg_transparency::map::Map;

type Bytes = [u8; 32];

/// Marsaglia's xorshift, 32 bits: simple to write alike in two languages.
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn bytes(&mut self) -> Bytes {
        let mut bytes = [0; 32];
        for word in bytes.chunks_exact_mut(4) {
            word.copy_from_slice(&self.next().to_le_bytes());
        }
        bytes
    }
}

/// What its one thread has used of a core, as Linux counts it.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/schedstat").expect("Linux");
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().expect("a number"))
}

/// Time and CPU.
#[derive(Default)]
struct Spent(Duration, Duration);

impl Spent {
    fn on(&mut self, work: impl FnOnce()) {
        let (start, start_cpu) = (Instant::now(), cpu());
        work();
        self.0 += start.elapsed();
        self.1 += cpu() - start_cpu;
    }
}

fn main() -> io::Result<()> {
    let mut keys = Numbers(1);
    let mut leaves = Numbers(2);
    let mut map = Map::<Sha256, Bytes, Bytes>::default();
    let mut log = VecLog::<Sha256, Bytes>::default();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let count = |i: usize| words[i].parse::<usize>().expect("a number");
        let (size, batch) = (count(1), count(2));
        let mut spent = Spent::default();
        let mut done = 0;
        while done < size {
            let next = batch.min(size - done);
            match words[0] {
                "map" => {
                    let entries: Vec<_> = (0..next).map(|_| (keys.bytes(), keys.bytes())).collect();
                    spent.on(|| map = map.extend(entries));
                }
                "log" => {
                    let entries: Vec<_> = (0..next).map(|_| leaves.bytes()).collect();
                    spent.on(|| {
                        for entry in &entries {
                            log.push(entry);
                        }
                        log.checkpoint();
                    });
                }
                other => panic!("expected map or log, found {other}"),
            }
            done += next;
        }
        let root = match words[0] {
            "map" => map.root().to_string(),
            _ => log.checkpoint().root().to_string(),
        };
        let (time, cpu) = (spent.0.as_nanos(), spent.1.as_nanos());
        println!("{{\"nanos\":{time},\"cpuNanos\":{cpu},\"root\":\"{root}\"}}");
        io::stdout().flush()?;
    }
    Ok(())
}
