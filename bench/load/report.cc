// The report; see report.h. Members are named with their unit last.

#include "report.h"

#include <algorithm>

#include "json-writer.h"

namespace firn {

namespace {

double ms(uint64_t nanos) { return static_cast<double>(nanos) / 1e6; }

double intervalOf(const Outcome& outcome) { return toSeconds(outcome.end.time - outcome.start.time); }

double perSecond(uint64_t from, uint64_t to, double seconds) { return static_cast<double>(to - from) / seconds; }

void writeCpu(JsonWriter& json, const CpuTime& from, const CpuTime& to, double seconds) {
  const double user = to.user - from.user;
  const double system = to.system - from.system;
  json.member("user_s", user).member("sys_s", system).member("share", (user + system) / seconds);
}

void writeTimes(JsonWriter& json, const Histogram& times) {
  json.member("count", times.count()).member("mean_ms", times.mean() / 1e6);
  json.member("p50_ms", ms(times.quantile(0.5))).member("p90_ms", ms(times.quantile(0.9)));
  json.member("p99_ms", ms(times.quantile(0.99))).member("p999_ms", ms(times.quantile(0.999)));
  json.member("max_ms", ms(times.max()));
}

void writeOptions(JsonWriter& json, const Options& o) {
  json.key("options").open('{').member("protocol", o.protocol).member("host", o.host).key("ports").open('[');
  for (const uint16_t port : o.ports) json.value(port);
  json.close(']').member("connections", o.connections).member("records_per_frame", o.recordsPerFrame);
  json.member("burst", o.burst).member("window", o.window).member("sources", o.sources).member("text", o.text);
  json.member("rate_frames_s", o.rate).member("frames", o.frames).member("seconds", o.seconds);
  json.member("warmup_s", o.warmup).member("idle_s", o.idle).member("cpu", o.cpu).close('}');
}

void writeCounts(JsonWriter& json, const Options& o, const Tally& from, const Tally& to) {
  const uint64_t sent = to.framesSent - from.framesSent;
  const uint64_t acked = to.framesAcked - from.framesAcked;
  json.member("frames_sent", sent).member("frames_acked", acked);
  json.member("records_sent", sent * o.recordsPerFrame).member("records_acked", acked * o.recordsPerFrame);
  json.member("payload_bytes_acked", to.payloadAcked - from.payloadAcked);
}

void writeServer(JsonWriter& json, const Options& o, const Outcome& outcome) {
  json.key("server").open('[');
  for (size_t i = 0; i < o.pids.size(); i++) {
    const ProcessSample& from = outcome.start.server[i];
    const ProcessSample& to = outcome.end.server[i];
    json.open('{').member("pid", o.pids[i]);
    writeCpu(json, from.cpu, to.cpu, intervalOf(outcome));
    json.member("rss_before_kib", outcome.serverBefore[i].residentKiB);
    json.member("rss_kib", to.residentKiB).member("rss_peak_kib", to.peakKiB).key("threads").open('[');
    for (const auto& [tid, thread] : to.threads) {
      const auto before = from.threads.find(tid);
      json.open('{').member("tid", tid).member("name", thread.name);
      writeCpu(json, before == from.threads.end() ? CpuTime{} : before->second.cpu, thread.cpu, intervalOf(outcome));
      json.close('}');
    }
    json.close(']').close('}');
  }
  json.close(']');
}

template <typename... T>
std::string printed(const char* format, T... values) {
  char line[256];
  const int wanted = std::snprintf(line, sizeof line, format, values...);
  return {line, std::min(static_cast<size_t>(wanted), sizeof line - 1)};
}

double ownShare(const Outcome& outcome) {
  const CpuTime& from = outcome.start.own;
  const CpuTime& to = outcome.end.own;
  return (to.user - from.user + to.system - from.system) / intervalOf(outcome);
}

void writeHistogram(JsonWriter& json, const Histogram& times) {
  json.key("histogram").open('{').member("significant_digits", 3).member("unit", "ns").key("buckets").open('[');
  for (const auto& [highest, count] : times.filled()) json.open('[').value(highest).value(count).close(']');
  json.close(']').close('}');
}

}  // namespace

bool generatorLimited(const Options& options, const Outcome& outcome) {
  constexpr uint64_t late = 1'000'000;
  return ownShare(outcome) > 0.9 || (options.openLoop() && outcome.lateness.quantile(0.99) > late);
}

std::string faultOf(const Options& o, const Outcome& outcome) {
  if (outcome.closures.count > 0) {
    std::string codes;
    for (const auto& [code, count] : outcome.closures.codes) {
      codes += (codes.empty() ? "" : ", ") + std::to_string(code) + ": " + std::to_string(count);
    }
    return std::to_string(outcome.closures.count) + " of " + std::to_string(o.connections) +
           " connections were lost (by close code " + codes + "): " + outcome.closures.first;
  }
  if (outcome.unacknowledged > 0) {
    return std::to_string(outcome.unacknowledged) + " frames were not acknowledged within the drain of " +
           secondsText(o.drainSeconds);
  }
  return {};
}

std::string jsonReport(const Options& o, const Outcome& outcome) {
  const double seconds = intervalOf(outcome);
  const Tally& from = outcome.start.tally;
  const Tally& to = outcome.end.tally;
  const double frames = perSecond(from.framesAcked, to.framesAcked, seconds);
  JsonWriter json;
  json.open('{');
  writeOptions(json, o);
  json.member("connect_s", outcome.connectSeconds).member("connections_open", outcome.open);
  json.member("interval_s", seconds);
  writeCounts(json, o, from, to);
  json.member("rejects_told", outcome.end.rejects - outcome.start.rejects);
  json.member("frames_s", frames).member("records_s", frames * o.recordsPerFrame);
  json.member("mb_s", perSecond(from.payloadAcked, to.payloadAcked, seconds) / 1e6);
  json.key("latency").open('{');
  writeTimes(json, outcome.latency);
  writeHistogram(json, outcome.latency);
  json.close('}').key("total").open('{');
  writeCounts(json, o, {}, outcome.drained.tally);
  json.member("rejects_told", outcome.drained.rejects).close('}');
  json.key("errors").open('{').member("connections_closed", outcome.closures.count);
  json.member("frames_unacked", outcome.unacknowledged).member("first", outcome.closures.first).key("codes").open('{');
  for (const auto& [code, count] : outcome.closures.codes) json.member(std::to_string(code), count);
  json.close('}').close('}').member("bursts_unsent", outcome.unsentBursts);
  json.key("generator").open('{');
  writeCpu(json, outcome.start.own, outcome.end.own, seconds);
  json.member("sends", to.sends - from.sends).member("receives", to.receives - from.receives);
  json.key("late").open('{');
  writeTimes(json, outcome.lateness);
  json.close('}').close('}').member("generator_limited", generatorLimited(o, outcome));
  writeServer(json, o, outcome);
  return json.close('}').text() + "\n";
}

std::string plainReport(const Options& o, const Outcome& outcome) {
  const double seconds = intervalOf(outcome);
  const Tally& from = outcome.start.tally;
  const Tally& to = outcome.end.tally;
  const double frames = perSecond(from.framesAcked, to.framesAcked, seconds);
  std::string text = printed("%s: %.0f frames/s, %.0f records/s, %.1f MB/s over %zu connections in %.1f s\n",
                             o.protocol.c_str(), frames, frames * o.recordsPerFrame,
                             perSecond(from.payloadAcked, to.payloadAcked, seconds) / 1e6, outcome.open, seconds);
  const Histogram& times = outcome.latency;
  if (times.count() > 0) {
    text += printed("latency ms: p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f\n", ms(times.quantile(0.5)),
                    ms(times.quantile(0.9)), ms(times.quantile(0.99)), ms(times.quantile(0.999)), ms(times.max()));
  }
  text += printed("generator: %.2f of a core%s\n", ownShare(outcome),
                  generatorLimited(o, outcome) ? ": it was the limit, so this says nothing about the server" : "");
  for (size_t i = 0; i < o.pids.size(); i++) {
    const CpuTime& a = outcome.start.server[i].cpu;
    const CpuTime& b = outcome.end.server[i].cpu;
    text += printed("server %d: %.2f of a core, %.0f MiB resident\n", o.pids[i],
                    (b.user - a.user + b.system - a.system) / seconds,
                    static_cast<double>(outcome.end.server[i].residentKiB) / 1024);
  }
  return text;
}

}  // namespace firn
