# frozen_string_literal: true

module Bench
  # The elements of a chart, as SVG. It draws its own background: a light page may show it as an image to a reader whose
  # system is dark, and text without a background would be unreadable.
  class Svg
    STYLE = <<~CSS
      .page{fill:#fff;stroke:#d0d7de}
      text{font:12px -apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif;fill:#1f2328}
      .title{font-size:18px;font-weight:600}
      .heading{font-size:14px;font-weight:600}
      .row,.ratio{font-weight:600}
      .figure{stroke:#fff;stroke-width:4px;paint-order:stroke}
      .muted{fill:#59636e}
      .middle{text-anchor:middle}
      .grid{stroke:#d8dee4}
      .base{stroke:#59636e;stroke-dasharray:3 3}
      @media(prefers-color-scheme:dark){
        .page{fill:#0d1117;stroke:#30363d}
        text{fill:#e6edf3}
        .figure{stroke:#0d1117}
        .muted{fill:#9198a1}
        .grid{stroke:#2b323b}
        .base{stroke:#9198a1}
      }
    CSS

    # @param width [Integer]
    def initialize(width)
      @width = width
      @elements = []
    end

    # @return [void]
    def text(left, base, content, style: nil)
      add("text", { x: left, y: base, class: style }, escape(content))
    end

    # A figure with its ratio in bold before it, outlined so that grid lines do not cross the text.
    #
    # @param ratio [String, nil]
    # @return [void]
    def figure(left, base, ratio, content)
      content = escape(content)
      content = %(<tspan class="ratio">#{escape(ratio)}</tspan><tspan dx="8">#{content}</tspan>) if ratio
      add("text", { x: left, y: base, class: "figure" }, content)
    end

    # @return [void]
    def rect(left, top, width, height, color)
      add("rect", { x: left, y: top, width:, height:, rx: 2, fill: color })
    end

    # A vertical line.
    #
    # @return [void]
    def line(left, top, bottom, style:)
      add("line", { x1: left, y1: top, x2: left, y2: bottom, class: style })
    end

    # @param title [String]
    # @param description [String]
    # @param height [Integer]
    # @return [String]
    def render(title, description, height)
      <<~SVG
        <svg xmlns="http://www.w3.org/2000/svg" width="#{@width}" height="#{number(height)}"
             viewBox="0 0 #{@width} #{number(height)}" role="img" aria-labelledby="title description">
        <title id="title">#{escape(title)}</title>
        <desc id="description">#{escape(description)}</desc>
        <style>
        #{STYLE.chomp}
        </style>
        <rect class="page" x="0.5" y="0.5" width="#{@width - 1}" height="#{number(height - 1)}" rx="6"/>
        #{@elements.join("\n")}
        </svg>
      SVG
    end

    private

    def add(name, attributes, content = "")
      words = attributes.compact.map { |key, value| %(#{key}="#{value.is_a?(Numeric) ? number(value) : value}") }
      @elements << "<#{name} #{words.join(" ")}>#{content}</#{name}>"
    end

    def escape(text) = text.to_s.encode(xml: :text)

    # Rounded to tenths, and without a decimal point where it is a whole number.
    def number(value) = value.round(1).then { |rounded| rounded == rounded.to_i ? rounded.to_i : rounded }
  end
end
