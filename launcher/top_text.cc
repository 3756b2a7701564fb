#include "launcher/top_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/one_line.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;

constexpr int kBar = 10;
constexpr const char* kNothing = "-";

std::string scaled(double value, const char* suffix) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B{}", value, suffix)
                   : fmt::format("{:.1f} {}{}", value, kUnits[unit], suffix);
}

std::string bytes_text(const std::optional<uint64_t>& bytes) {
  return bytes ? scaled(static_cast<double>(*bytes), "") : kNothing;
}

std::string rate_text(const std::optional<double>& rate) {
  return rate ? scaled(*rate, "/s") : kNothing;
}

// Occupancy may be more than the ways held: what was filled before they shrank stays.
std::string bar(const std::optional<double>& part) {
  if (!part) return std::string(kBar, ' ');
  const int full = std::clamp(static_cast<int>(std::lround(*part * kBar)), 0, kBar);
  return std::string(static_cast<size_t>(full), '#') +
         std::string(static_cast<size_t>(kBar - full), '.');
}

std::string ways_text(const TopRow& row) {
  if (!row.part.ways) return kNothing;
  return row.whole.ways ? fmt::format("{}/{}", *row.part.ways, *row.whole.ways)
                        : std::to_string(*row.part.ways);
}

std::optional<double> all_or_local(const TopRow& row) {
  return row.all_rate ? row.all_rate : row.local_rate;
}

struct Column {
  const char* name;
  bool left;
  int rank;  // the highest goes first; 0: stays
  std::function<std::string(const TopRow&)> cell;
};

std::vector<Column> columns_of(const std::vector<TopRow>& rows) {
  double most = 0;
  for (const TopRow& row : rows) most = std::max(most, all_or_local(row).value_or(0));
  return {
      {"HOLDER", true, 0, [](const TopRow& row) { return one_line(row.purpose); }},
      {"L3", false, 0, [](const TopRow& row) { return std::to_string(row.cache); }},
      {"WAYS", false, 3, ways_text},
      {"CPUS", true, 5,
       [](const TopRow& row) { return row.part.cpus.empty() ? kNothing : row.part.cpus; }},
      {"OCCUPANCY", false, 1, [](const TopRow& row) { return bytes_text(row.occupancy); }},
      {"%", false, 2,
       [](const TopRow& row) {
         const auto part = row.occupied();
         return part ? fmt::format("{:.0f}", *part * 100) : kNothing;
       }},
      {"", true, 6, [](const TopRow& row) { return bar(row.occupied()); }},
      {"LOCAL", false, 4, [](const TopRow& row) { return rate_text(row.local_rate); }},
      {"TOTAL", false, 0, [](const TopRow& row) { return rate_text(row.all_rate); }},
      {"", true, 7,
       [most](const TopRow& row) {
         const auto rate = all_or_local(row);
         return bar(rate && most > 0 ? std::optional(*rate / most) : std::nullopt);
       }},
  };
}

struct Printed {
  Column column;
  std::vector<std::string> cells;
  size_t width = 0;
};

std::vector<Printed> print(const std::vector<TopRow>& rows) {
  std::vector<Printed> all;
  for (Column& column : columns_of(rows)) {
    Printed printed{column, {column.name}, 0};
    for (const TopRow& row : rows) printed.cells.push_back(column.cell(row));
    for (const std::string& cell : printed.cells)
      printed.width = std::max(printed.width, cell.size());
    all.push_back(std::move(printed));
  }
  return all;
}

size_t width_of(const std::vector<Printed>& columns) {
  size_t width = 0;
  for (const Printed& column : columns) width += column.width + 2;
  return width < 2 ? 0 : width - 2;
}

void narrow(std::vector<Printed>& columns, size_t width) {
  while (width > 0 && width_of(columns) > width) {
    const auto least = std::ranges::max_element(
        columns, {}, [](const Printed& printed) { return printed.column.rank; });
    if (least == columns.end() || least->column.rank == 0) return;
    columns.erase(least);
  }
}

std::string cut(std::string line, size_t width) {
  while (line.ends_with(' ')) line.pop_back();
  if (width > 0 && line.size() > width) line.resize(width);
  return line;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

const char* kind_text(HolderKind kind) {
  switch (kind) {
    case HolderKind::claim:
      return "claim";
    case HolderKind::foreign:
      return "foreign";
    case HolderKind::rest:
      break;
  }
  return "default";
}

}  // namespace

std::vector<std::string> top_table(const std::vector<TopRow>& rows, size_t width) {
  std::vector<Printed> columns = print(rows);
  narrow(columns, width);
  std::vector<std::string> lines;
  for (size_t i = 0; i <= rows.size(); ++i) {
    std::string line;
    for (const Printed& column : columns) {
      if (!line.empty()) line += "  ";
      line += column.column.left ? fmt::format("{:<{}}", column.cells[i], column.width)
                                 : fmt::format("{:>{}}", column.cells[i], column.width);
    }
    lines.push_back(cut(std::move(line), width));
  }
  return lines;
}

std::string top_frame(const std::vector<TopRow>& rows, const std::string& title, size_t width,
                      size_t height) {
  // Home; each line clears what is left of the one that was there, and the last all below.
  std::string frame = "\033[H";
  std::vector<std::string> lines = top_table(rows, width);
  const size_t room = height > 2 ? height - 1 : 1;  // beside the title
  if (lines.size() > room) {
    const size_t missing = lines.size() - room + 1;
    lines.resize(room);
    lines.back() = cut(fmt::format("... and {} more", missing), width);
  }
  frame += cut(title, width) + "\033[K";
  for (size_t i = 0; i < lines.size(); ++i) {
    frame += "\r\n";
    frame += i == 0 ? "\033[7m" + lines[i] + "\033[0m" : lines[i];
    frame += "\033[K";
  }
  return frame + "\033[J";
}

std::string top_json(const TopSample* before, const TopSample& now,
                     const std::vector<TopRow>& rows) {
  using Seconds = std::chrono::duration<double>;
  Json json = {
      {"time", Seconds(now.date.time_since_epoch()).count()},
      {"interval", before == nullptr ? Json() : Json(Seconds(now.at - before->at).count())},
      {"rows", Json::array()}};
  for (const TopRow& row : rows) {
    json["rows"].push_back({{"holder", row.purpose},
                            {"name", row.name},
                            {"kind", kind_text(row.kind)},
                            {"cacheId", row.cache},
                            {"cacheBytes", row.whole.bytes},
                            {"ways", or_null(row.part.ways)},
                            {"cpus", row.part.cpus},
                            {"occupancyBytes", or_null(row.occupancy)},
                            {"localBytesPerSecond", or_null(row.local_rate)},
                            {"totalBytesPerSecond", or_null(row.all_rate)}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace berth::launcher
