# frozen_string_literal: true

require_relative "svg"

module Bench
  # A chart of a run for the docs. Each bar is a multiple of one column's figure in the same row (Puma's, if it took
  # part), so that all rows share a scale. Rows where less is better come last.
  class Chart
    WIDTH = 860
    MARGIN = 24
    # Where the bars start, and the room for figures beside the longest one.
    LEFT = 190
    FIGURES = 130
    BAR = 14
    # Between bars, and between groups of bars.
    STEP = 17
    GAP = 13
    # The average width of a letter in common fonts.
    LETTER = 7.2

    BASE_COLOR = "#8b949e"
    # In the order of the columns; distinct on both backgrounds and for colour-blind readers.
    COLORS = %w[#d1433f #e9983a #3b82c4 #7d6bc4 #2a9d8f #b5709c #c2b280 #6fb1d6].freeze

    # How a figure of each measure is written.
    FIGURE = {
      rate: ->(value) { "#{thousands(value)}/s" },
      p50: ->(value) { "#{thousands(value)} µs" },
      pss: ->(value) { "#{(value / 1024.0).round} MiB" }
    }.freeze
    MEASURES = { rate: :rate, latency: :p50, memory: :pss }.freeze

    Bar = Data.define(:column, :ratio, :figure)
    Group = Data.define(:row, :bars)

    # @param value [Numeric]
    # @return [String]
    def self.thousands(value) = value.round.to_s.gsub(/(?<=\d)(?=(\d{3})+\z)/, ",")

    # @param comparison [Comparison]
    # @param rows [Array<Row>]
    # @param columns [Array<Column>]
    # @param note [String] where the figures come from
    def initialize(comparison, rows, columns, note: "")
      @comparison = comparison
      @columns = columns
      @note = note
      @base = columns.find { |column| column.name == "puma" } || columns.first
      @groups = rows.map { |row| Group.new(row:, bars: bars(row)) }.reject { |group| group.bars.empty? }
      others = (columns - [@base]).map(&:name)
      @colors = { **others.zip(COLORS.cycle).to_h, @base.name => BASE_COLOR }
    end

    # @return [String] SVG
    def to_s
      @svg = Svg.new(WIDTH)
      @top = MARGIN
      head
      legend
      more, less = @groups.partition { |group| group.row.rate? }
      section("Requests a second: more is better", more)
      section("Time and memory: less is better", less)
      @svg.render(title, description, @top + 10)
    end

    private

    def title = "Kino compared with #{@base.title}"

    # For readers who cannot see the bars.
    def description
      @groups.map do |group|
        "#{group.row.name}: #{group.bars.map { |bar| "#{bar.column.title} #{bar.figure}" }.join(", ")}"
      end.join("; ")
    end

    def bars(row)
      measure = MEASURES.fetch(row.measure)
      @columns.filter_map do |column|
        spread = @comparison.spread(measure, row.name, column.name) or next
        ratio = @comparison.ratio(measure, row.name, column.name, @base.name)&.median
        Bar.new(column:, ratio:, figure: FIGURE.fetch(measure).call(spread.median))
      end
    end

    def head
      @svg.text(MARGIN, @top += 12, title, style: "title")
      @svg.text(MARGIN, @top += 20, "Each bar is a multiple of #{@base.title} in the same row.", style: "muted")
      @svg.text(MARGIN, @top += 17, @note, style: "muted") unless @note.empty?
    end

    def legend
      left = MARGIN
      @top += 22
      @columns.each do |column|
        width = 30 + (column.title.size * LETTER)
        if left + width > WIDTH - MARGIN
          left = MARGIN
          @top += STEP
        end
        @svg.rect(left, @top - 10, 11, 11, @colors.fetch(column.name))
        @svg.text(left + 16, @top, column.title)
        left += width
      end
    end

    def section(heading, groups)
      return if groups.empty?

      @svg.text(MARGIN, @top += 34, heading, style: "heading")
      @top += 12
      longest = groups.flat_map(&:bars).filter_map(&:ratio).push(1.0).max
      scale = (WIDTH - LEFT - FIGURES - MARGIN) / longest
      grid(longest, scale, groups.sum { |group| height(group) } - GAP)
      groups.each { |group| draw(group, scale) }
      @top += 8
    end

    def height(group) = ([group.bars.size, 2].max * STEP) + GAP

    # The line of the base column is highlighted.
    def grid(longest, scale, height)
      step = [1, 2, 5, 10].find { |size| longest / size <= 6 } || longest
      (0..longest).step(step).map(&:to_i).push(1).uniq.each do |multiple|
        left = LEFT + (multiple * scale)
        @svg.line(left, @top - 4, @top + height, style: multiple == 1 ? "base" : "markdown_table")
        @svg.text(left, @top + height + 14, "#{multiple}×", style: "muted middle")
      end
    end

    def draw(group, scale)
      @svg.text(MARGIN, @top + 11, group.row.rate? ? group.row.path : group.row.name, style: "row")
      @svg.text(MARGIN, @top + 26, group.row.about, style: "muted")
      group.bars.each_with_index { |bar, index| draw_bar(bar, @top + (index * STEP), scale) }
      @top += height(group)
    end

    def draw_bar(bar, top, scale)
      length = (bar.ratio || 0) * scale
      @svg.rect(LEFT, top, length, BAR, @colors.fetch(bar.column.name))
      ratio = bar.ratio && bar.column != @base ? format("%.2f×", bar.ratio) : nil
      @svg.figure(LEFT + length + 6, top + 11, ratio, bar.figure)
    end
  end
end
