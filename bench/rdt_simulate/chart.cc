#include "bench/rdt_simulate/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "bench/rdt_simulate/report.h"

namespace berth::rdt_simulate {

namespace {

constexpr double kWidth = 1000, kTop = 118, kPanelHeight = 150, kPanelStep = 215;
constexpr double kPanelWidth = 400, kLeft = 70, kPanelGap = 95;

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string label(double x, double y, std::string_view text, std::string_view attributes = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, attributes,
                     escaped(text));
}

// Colour is the way of placing (Okabe and Ito's, which the colour-blind tell apart), dashes are
// the want of packing; markers differ so that lines on top of each other can be seen.
struct Style {
  std::string colour, dashes;
  double radius = 0;
};

Style style_of(const Plan& plan, size_t policy) {
  constexpr std::array kColours{"#D55E00", "#0072B2", "#009E73"};
  const Policy& of = plan.policies[policy];
  const size_t kind = of.first_fit ? 0 : of.rules.compaction ? 2 : 1;
  return {kColours[kind], of.rules.packing ? "" : " stroke-dasharray=\"6 4\"",
          5.5 - 1.5 * static_cast<double>(kind)};
}

// The next of 1, 2, 5, 10 ... that five or fewer of which reach `most`.
double tick_for(double most) {
  double tick = std::pow(10, std::floor(std::log10(most / 5)));
  for (const double factor : {2.0, 2.5, 2.0}) {
    if (tick * 5 >= most) break;
    tick *= factor;
  }
  return tick;
}

struct Panel {
  double left = 0, top = 0;
  double low_load = 0, high_load = 0, most = 1;
  double x(double load) const {
    return left + kPanelWidth * (load - low_load) / (high_load - low_load);
  }
  double y(double value) const { return top + kPanelHeight * (1 - value / most); }
};

using Value = std::function<double(const Figures&)>;

std::string axes(const Panel& panel, const Plan& plan, double tick, std::string_view what) {
  std::string svg;
  const double bottom = panel.top + kPanelHeight, right = panel.left + kPanelWidth;
  for (double value = 0; value <= panel.most * 1.0001; value += tick) {
    svg += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n",
        panel.left, panel.y(value), right, panel.y(value));
    svg += label(panel.left - 6, panel.y(value) + 4, fmt::format("{:g}", value),
                 "text-anchor=\"end\"");
  }
  svg += fmt::format(
      "<path d=\"M{0:.1f} {1:.1f} V{2:.1f} H{3:.1f}\" fill=\"none\" stroke=\"#333\"/>\n",
      panel.left, panel.top, bottom, right);
  for (const double load : plan.loads) {
    svg += label(panel.x(load), bottom + 15, fmt::format("{:g}", load), "text-anchor=\"middle\"");
  }
  svg += label(panel.left + kPanelWidth / 2, bottom + 29, "offered load, of the node's cores",
               "text-anchor=\"middle\" fill=\"#555\"");
  svg += label(panel.left, panel.top - 8, what, "font-weight=\"bold\"");
  return svg;
}

std::string curve(const Panel& panel, const Study& study, size_t node, size_t policy,
                  const Value& value) {
  const Style style = style_of(study.plan, policy);
  std::string points, marks;
  for (const Row& row : study.rows) {
    if (row.node != node || row.policy != policy) continue;
    const double x = panel.x(row.load), y = panel.y(value(row.outcome.figures));
    points += fmt::format("{:.1f},{:.1f} ", x, y);
    marks +=
        fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"none\" stroke=\"{}\"/>\n",
                    x, y, style.radius, style.colour);
  }
  return fmt::format(
             "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"{}/>\n",
             points, style.colour, style.dashes) +
         marks;
}

std::string panel_of(const Study& study, size_t node, size_t column, std::string_view what,
                     const Value& value) {
  const Plan& plan = study.plan;
  double most = 0;
  for (const Row& row : study.rows) {
    if (row.node == node) most = std::max(most, value(row.outcome.figures));
  }
  const double tick = tick_for(std::max(most, 0.01));
  const auto [low, high] = std::ranges::minmax(plan.loads);
  const double around = high > low ? 0.04 * (high - low) : 0.1;
  const Panel panel{kLeft + static_cast<double>(column) * (kPanelWidth + kPanelGap),
                    kTop + static_cast<double>(node) * kPanelStep, low - around, high + around,
                    tick * std::max(1.0, std::ceil(most / tick))};
  std::string svg = axes(panel, plan, tick, what);
  for (size_t policy = 0; policy < plan.policies.size(); ++policy) {
    svg += curve(panel, study, node, policy, value);
  }
  return svg;
}

std::string legend(const Plan& plan) {
  constexpr size_t kInRow = 3;
  std::string svg;
  for (size_t policy = 0; policy < plan.policies.size(); ++policy) {
    const Style style = style_of(plan, policy);
    const size_t row = policy / kInRow;
    const double x = kLeft + static_cast<double>(policy % kInRow) * 300;
    const double y = 60 + static_cast<double>(row) * 18;
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{2:.1f}\" y2=\"{1:.1f}\" stroke=\"{3}\" "
        "stroke-width=\"1.6\"{4}/>\n<circle cx=\"{5:.1f}\" cy=\"{1:.1f}\" r=\"{6}\" fill=\"none\" "
        "stroke=\"{3}\"/>\n",
        x, y, x + 46, style.colour, style.dashes, x + 23, style.radius);
    svg +=
        label(x + 54, y + 4, plan.policies[policy].name + ", " + packing_of(plan.policies[policy]));
  }
  return svg;
}

}  // namespace

std::string svg_of(const Study& study) {
  const Plan& plan = study.plan;
  const double height = kTop + static_cast<double>(plan.nodes.size()) * kPanelStep;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      kWidth, height);
  svg += label(kLeft, 24, "SIMULATED: jobs that are refused their ways, and ways that stand idle",
               "font-size=\"17\" font-weight=\"bold\"");
  svg += label(
      kLeft, 42,
      fmt::format("synthetic jobs ('{}'), {} for each point after {} that fill the node; seed "
                  "{}; {:.0f} node-years in all",
                  plan.mix.name, plan.jobs, plan.warm_up(), plan.seed, study.node_years()));
  svg += legend(plan);
  for (size_t node = 0; node < plan.nodes.size(); ++node) {
    const Node& of = plan.nodes[node];
    svg += panel_of(study, node, 0, of.name + ": refused, % of those that asked",
                    [](const Figures& figures) { return 100 * figures.refusal_rate(); });
    svg += panel_of(
        study, node, 1,
        fmt::format("{}: idle ways of an L3, of {} that can be granted", of.name, of.grantable),
        [](const Figures& figures) { return figures.idle_ways; });
  }
  return svg + "</svg>\n";
}

}  // namespace berth::rdt_simulate
