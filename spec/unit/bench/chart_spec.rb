# frozen_string_literal: true

require_relative "../../../bench/support/compare/chart"
require_relative "../../../bench/support/compare/columns"
require_relative "../../../bench/support/compare/comparison"
require_relative "../../../bench/support/compare/rows"
require_relative "../../../bench/support/compare/sample"

RSpec.describe Bench::Chart do
  def column(name) = Bench::Column.new(name:, title: "#{name} & co", launcher: nil)

  def sample(row, column, requests, p50: 50)
    Bench::Sample.new(row:, column:, round: 1, cpu: 0.5, pss: 4096, others: 0.0,
                      wrk: { "requests" => requests, "seconds" => 1.0, "p50_us" => p50 })
  end

  def chart(*names)
    rows = Bench::Rows.named(%w[plaintext cpu latency])
    described_class.new(Bench::Comparison.new(samples), rows, names.map { |name| column(name) }, note: "a < b").to_s
  end

  def texts(svg) = svg.scan(%r{<text [^>]*>(.*)</text>}).map { |(content)| content.gsub(/<[^>]*>/, "") }

  # Of all elements whose opening tag matches.
  def attributes(svg, tag, name) = svg.scan(/<[^>]*>/).grep(tag).map { |found| found[/ #{name}="([^"]*)"/, 1].to_f }

  let(:samples) do
    [sample("plaintext", "kino", 71_112), sample("plaintext", "puma", 26_132), sample("cpu", "kino", 300),
     sample("cpu", "puma", 400), sample("latency", "kino", 10, p50: 20), sample("latency", "puma", 10, p50: 40)]
  end

  it "labels each bar with its figure, and all but Puma's with the ratio" do
    expect(texts(chart("kino", "puma"))).to include("2.72×71,112/s", "26,132/s", "0.75×300/s", "400/s", "0.50×20 µs")
  end

  it "names what it shows" do
    expect(texts(chart("kino", "puma")))
      .to include("Kino compared with puma &amp; co", "/plaintext", "11 bytes", "latency", "a &lt; b")
  end

  it "uses the first column as the base if Puma took no part" do
    samples.reject! { |sample| sample.column == "puma" }
    expect(texts(chart("kino"))).to include("71,112/s", "Kino compared with kino &amp; co")
  end

  it "draws a section to one scale" do
    widths = attributes(chart("kino", "puma"), /<rect .*height="14"/, "width")
    expect(widths.first(4)).to match([widths[0], widths[1], be_within(0.1).of(widths[1] * 0.75), widths[1]])
  end

  it "leaves out rows that were not measured" do
    samples.reject! { |sample| sample.row == "cpu" }
    expect(texts(chart("kino", "puma"))).not_to include("/cpu")
  end

  it "keeps everything inside the picture, even with many columns" do
    names = ["puma", *("a".."m")]
    samples.concat(names.map { |name| sample("plaintext", name, 1000) })
    svg = chart(*names)
    width, height = %w[width height].map { |name| attributes(svg, /<svg/, name).first }
    expect(attributes(svg, /<text/, "y").max).to be < height
    expect(attributes(svg, /<text/, "x").max).to be < width - 60
  end
end
