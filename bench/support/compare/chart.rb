# frozen_string_literal: true

module Bench
  # A chart of a run for the docs: a group of bars for each row, as long as the best of the group allows.
  class Chart
    WIDTH = 760
    LABELS = 150
    FIGURES = 90
    BAR = 16
    GAP = 4
    HEAD = 26
    COLORS = %w[#c9302c #e8871e #f2c14e #3a6ea5 #7aa6cf #5b8c5a #9a9a9a #8e6bbf].freeze
    # Readable on a light page and on a dark one.
    STYLE = "text{font:12px system-ui,sans-serif;fill:#444}.h{font-weight:600}" \
            "@media(prefers-color-scheme:dark){text{fill:#ccc}}"

    # @param comparison [Comparison]
    # @param rows [Array<Row>]
    # @param columns [Array<Column>]
    def initialize(comparison, rows, columns)
      @comparison = comparison
      @rows = rows.select(&:rate?)
      @columns = columns
      @colors = columns.map(&:name).zip(COLORS.cycle).to_h
    end

    # @return [String] SVG
    def to_s
      @height = GAP
      parts = @rows.map { |row| group(row) }
      <<~SVG
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 #{WIDTH} #{@height}" role="img">
        <title>Requests a second, longer is better</title>
        <style>#{STYLE}</style>
        #{parts.join("\n")}
        </svg>
      SVG
    end

    private

    def group(row)
      found = @columns.filter_map do |column|
        spread = @comparison.spread(:rate, row.name, column.name)
        [column, spread.median] if spread
      end
      best = found.map(&:last).max
      heading = text(0, @height += HEAD - (2 * GAP), "/#{row.name}, requests a second", style: "h")
      @height += 2 * GAP
      [heading, *found.map { |column, rate| bar(column, rate, best) }].join("\n")
    end

    def bar(column, rate, best)
      length = ((WIDTH - LABELS - FIGURES) * rate / best).round
      base = @height + BAR - GAP
      rect = %(<rect x="#{LABELS}" y="#{@height}" width="#{length}" height="#{BAR}" fill="#{@colors[column.name]}"/>)
      @height += BAR + GAP
      [text(0, base, column.title), rect, text(LABELS + length + GAP, base, rate.round)].join("\n")
    end

    def text(left, base, content, style: nil)
      %(<text x="#{left}" y="#{base}"#{%( class="#{style}") if style}>#{content.to_s.encode(xml: :text)}</text>)
    end
  end
end
