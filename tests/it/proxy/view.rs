//! The live view in a real pseudo-terminal: keys act, and however it ends the terminal is left as it was.

use serde_json::{Value, json};

use crate::support::play::outputs;
use crate::support::{EchoServer, Manner, Sandbox, brownout, python, text};

/// Runs a program with its terminal on a pty of 100 × 30, its stdout in a file. Waits until it draws, adds a fault by keys,
/// waits until the journal has it, then ends it as told. Says how it ended, what came last, and whether the terminal's
/// settings are those of before.
const IN_A_PTY: &str = r"
import fcntl, json, os, pty, select, signal, struct, subprocess, sys, termios, time
how, program = sys.argv[1], sys.argv[2:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
before = termios.tcgetattr(slave)
def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
child = subprocess.Popen(program, stdin=slave, stdout=open('stdout', 'wb'), stderr=slave, preexec_fn=own_terminal)
seen, deadline = b'', time.monotonic() + 60
def read(wait):
    global seen
    if select.select([master], [], [], wait)[0]:
        seen += os.read(master, 65536)
def until(what, ready):
    while not ready():
        if time.monotonic() > deadline:
            child.kill()
            sys.exit('waited for ' + what + ': ' + repr(seen[-2000:]))
        read(0.05)
until('the picture', lambda: b'connections' in seen)
raw = termios.tcgetattr(slave) != before
os.write(master, b'alatency 80\r')
until('a mistake', lambda: b'expected a duration' in seen)
os.write(master, b'ms\r')
until('the edit', lambda: 'faults_edited' in open('journal.jsonl').read())
if how == 'key':
    os.write(master, b'q')
elif how == 'control':
    os.write(master, b'\x03')
elif how == 'twice':
    os.write(master, b'q')
    until('the drain', lambda: b'ending' in seen)
    os.write(master, b'q')
else:
    child.send_signal(getattr(signal, how))
until('the end', lambda: child.poll() is not None)
read(0.1)
read(0.1)
after = termios.tcgetattr(slave)
print(json.dumps({'code': child.returncode, 'raw': raw, 'same': after == before, 'tail': seen[-14:].decode(),
                  'entered': seen.count(b'\x1b[?1049h'), 'left': seen.count(b'\x1b[?1049l')}))
";

/// The view in front of an echo server, ended in this way.
fn ended(how: &str) -> Option<(Value, Sandbox)> {
    let server = EchoServer::start(Manner::AtOnce);
    let sandbox = Sandbox::new();
    let upstream = server.address().to_string();
    let program = brownout();
    let mut args = vec![how, program.get_program().to_str().expect("a path"), "proxy"];
    args.extend(outputs());
    args.extend(["0", "--to", &upstream, "--name", "echo"]);
    let ran = python(&sandbox, IN_A_PTY, &args)?;
    assert_eq!(ran.code, Some(0), "{how}: {}", ran.stderr);
    Some((serde_json::from_str(&ran.stdout).expect("it says how it ended"), sandbox))
}

/// Proves that by whichever way out, raw mode and the alternate screen are left, the cursor is shown, and nothing else is
/// written to the terminal afterwards; that the end is a clean one; and that the fault typed in the view took effect.
#[test]
fn the_terminal_is_left_as_it_was() {
    for how in ["key", "control", "SIGTERM", "SIGHUP"] {
        let Some((seen, sandbox)) = ended(how) else { return };
        let expected = json!({"code": 0, "raw": true, "same": true, "tail": "\u{1b}[?1049l\u{1b}[?25h", "entered": 1, "left": 1});
        assert_eq!(seen, expected, "{how}");
        let journal = text(&sandbox, "journal.jsonl");
        assert!(journal.contains(r#""faults":["latency@"#), "{journal}");
        assert!(text(&sandbox, "stdout").starts_with("proxy   "), "the recap comes afterwards");
    }
}

/// Proves the same of an end that waits for nothing: a second request while an open connection is waited for.
#[test]
fn a_second_request_leaves_it_clean_too() {
    let server = EchoServer::start(Manner::AtOnce);
    let sandbox = Sandbox::new();
    let upstream = server.address().to_string();
    // A client that stays, so that the drain takes its time.
    let staying = format!(
        "import socket, re, time\nclient = None\n{}",
        IN_A_PTY.replace(
            "if how == 'key':",
            "port = int(re.search(r'\"listen\":\"127.0.0.1:(\\d+)', open('journal.jsonl').read()).group(1))\n\
             client = socket.create_connection(('127.0.0.1', port))\nclient.sendall(b'ping')\nclient.recv(4)\nif how == 'key':"
        )
    );
    let program = brownout();
    let mut args = vec!["twice", program.get_program().to_str().expect("a path"), "proxy"];
    args.extend(outputs());
    args.extend(["0", "--to", &upstream]);
    let Some(ran) = python(&sandbox, &staying, &args) else { return };
    let seen: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let expected = json!({"code": 130, "raw": true, "same": true, "tail": "\u{1b}[?1049l\u{1b}[?25h", "entered": 1, "left": 1});
    assert_eq!(seen, expected);
    assert_eq!(text(&sandbox, "stdout"), "");
}
