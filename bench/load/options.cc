// The command line; see options.h. One table holds every option, how it is read and what help says about it.

#include "options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>

namespace firn {

namespace {

struct Option {
  const char* name;
  /** Of its value; empty for a switch. */
  const char* value;
  const char* help;
  std::function<void(Options&, const std::string&)> read;
};

[[noreturn]] void refuse(const std::string& name, const std::string& text, const std::string& wanted) {
  throw UsageError("--" + name + " " + text + ": wanted " + wanted);
}

double parseNumber(const std::string& name, const std::string& text, double least) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || value < least || value > 1e12) {
    refuse(name, text, least > 0 ? "a number above 0" : "a number of at least 0");
  }
  return value;
}

template <typename T>
T parseCount(const std::string& name, const std::string& text, uint64_t least, uint64_t most) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    refuse(name, text, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<T>(value);
}

template <typename T>
std::vector<T> parseCounts(const std::string& name, const std::string& text, uint64_t most) {
  std::vector<T> all;
  for (size_t at = 0;;) {
    const size_t comma = text.find(',', at);
    all.push_back(parseCount<T>(name, text.substr(at, comma - at), 1, most));
    if (comma == std::string::npos) return all;
    at = comma + 1;
  }
}

Option number(const char* name, double Options::* member, double least, const char* help) {
  return {name, "N", help, [=](Options& o, const std::string& text) { o.*member = parseNumber(name, text, least); }};
}

template <typename T>
Option count(const char* name, T Options::* member, uint64_t least, uint64_t most, const char* help) {
  return {name, "N", help, [=](Options& o, const std::string& t) { o.*member = parseCount<T>(name, t, least, most); }};
}

Option text(const char* name, const char* value, std::string Options::* member, const char* help) {
  return {name, value, help, [=](Options& o, const std::string& t) { o.*member = t; }};
}

Option on(const char* name, bool Options::* member, const char* help) {
  return {name, "", help, [=](Options& o, const std::string&) { o.*member = true; }};
}

constexpr uint64_t million = 1'000'000;

const std::vector<Option>& table() {
  static const std::vector<Option> options{
      text("protocol", "NAME", &Options::protocol, "firn, discard, nats, mqtt or redis (default firn)"),
      text("host", "ADDRESS", &Options::host, "IPv4 address of the server (default 127.0.0.1)"),
      {"port", "N[,N]", "port of the server; connections are spread over several",
       [](Options& o, const std::string& t) { o.ports = parseCounts<uint16_t>("port", t, 65535); }},
      text("path", "PATH", &Options::path, "of the WebSocket (default /v1/streams/coldchain/ws)"),
      text("topic", "NAME", &Options::topic, "NATS subject, MQTT topic or Redis key (default coldchain)"),
      text("records", "FILE", &Options::records, "one JSON record a line; not needed with --idle"),
      count("connections", &Options::connections, 1, million, "how many (default 1)"),
      count("records-per-frame", &Options::recordsPerFrame, 1, million, "joined by a line feed (default 1)"),
      count("burst", &Options::burst, 1, 65535, "frames in one send (default 1)"),
      count("window", &Options::window, 1, million, "frames a connection may have unacknowledged (default 64, discard 1024)"),
      number("seconds", &Options::seconds, 0.001, "measured, after the warm-up (default 5)"),
      number("warmup", &Options::warmup, 0, "seconds before that (default 1)"),
      number("rate", &Options::rate, 0.001, "frames a second, whatever comes back (open loop; else closed loop)"),
      count("frames", &Options::frames, 1, uint64_t{1} << 50, "stop after so many instead of after a time"),
      number("idle", &Options::idle, 0.001, "send nothing, hold the connections for so many seconds"),
      count("sources", &Options::sources, 1, 250, "connect from 127.0.0.1 to 127.0.0.N in turn (default 1)"),
      number("connect-rate", &Options::connectRate, 0.001, "connections a second (default: as fast as they are accepted)"),
      text("session-prefix", "TEXT", &Options::sessionPrefix, "firn: session ids, followed by the connection's number"),
      number("connect-seconds", &Options::connectSeconds, 0.001, "silence while connecting that is an error (default 30)"),
      number("stall-seconds", &Options::stallSeconds, 0.001, "silence while frames are out that is an error (default 30)"),
      number("drain-seconds", &Options::drainSeconds, 0, "longest wait for the last acknowledgements (default 10)"),
      count("max-length", &Options::maxLength, 1, uint64_t{1} << 50, "redis: entries that the stream keeps, about"),
      {"cpu", "N", "run on this processor only",
       [](Options& o, const std::string& t) { o.cpu = parseCount<int>("cpu", t, 0, 1023); }},
      {"pid", "N[,N]", "processes of the server: their processor time and memory are reported",
       [](Options& o, const std::string& t) { o.pids = parseCounts<int>("pid", t, 1U << 30); }},
      on("text", &Options::text, "send text frames, not binary ones (firn, discard)"),
      on("json", &Options::json, "print one JSON object"),
      on("help", &Options::help, "this page"),
  };
  return options;
}

const Option& find(const std::string& argument) {
  if (argument.rfind("--", 0) == 0) {
    for (const Option& option : table()) {
      if (argument.compare(2, std::string::npos, option.name) == 0) return option;
    }
  }
  throw UsageError("no such option: " + argument + " (firn-load --help lists them)");
}

void check(const Options& o) {
  if (o.help) return;
  if (o.ports.empty()) throw UsageError("--port is needed: where the server listens");
  if (o.idle == 0 && o.records.empty()) throw UsageError("--records is needed: a file with one JSON record a line");
  if (o.path.empty() || o.path[0] != '/') refuse("path", o.path, "a path that begins with /");
  if (o.path.find_first_of(" \r\n") != std::string::npos) refuse("path", o.path, "no white space");
  if (o.topic.empty() || o.topic.find_first_of(" \t\r\n") != std::string::npos) {
    refuse("topic", o.topic, "a name without white space");
  }
  if (o.protocol == "discard" && o.openLoop()) {
    throw UsageError("--rate needs a server that acknowledges: discard is closed loop only");
  }
  if (o.protocol == "nats" && (o.window < o.burst || o.frames % o.burst != 0)) {
    throw UsageError("with nats a burst is one WebSocket frame: --window is at least --burst, --frames a multiple of it");
  }
  if (o.protocol == "discard" && o.window < o.burst) {
    throw UsageError("with discard a ping follows a burst at most: --window is at least --burst");
  }
  if (o.idle > 0 && (o.frames > 0 || o.openLoop())) throw UsageError("--idle sends nothing: no --frames and no --rate");
}

}  // namespace

Options parseOptions(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; i++) {
    const Option& option = find(arguments[i]);
    if (option.value[0] == '\0') {
      option.read(options, "");
      continue;
    }
    if (i + 1 == count) throw UsageError(std::string(arguments[i]) + " needs a value");
    option.read(options, arguments[++i]);
  }
  if (options.window == 0) options.window = options.protocol == "discard" ? std::max(1024U, options.burst) : 64;
  check(options);
  return options;
}

std::string helpPage() {
  std::string page = "firn-load: offers records to a server from many connections and measures what comes back.\n\n";
  for (const Option& option : table()) {
    std::string line = "  --" + std::string(option.name) + " " + option.value;
    line.resize(std::max<size_t>(line.size() + 1, 26), ' ');
    page += line + option.help + "\n";
  }
  return page + "\nExit code: 0 = every frame was acknowledged, 1 = not, or the server failed, 2 = bad options.\n";
}

}  // namespace firn
