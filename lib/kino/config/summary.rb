# frozen_string_literal: true

require "kino/config/layers"

module Kino
  module Config
    # What `kino --print-config` prints: the effective value of each setting, and where it comes from.
    #
    # @api private
    module Summary
      class << self
        # @param layers [Layers]
        # @return [Array<String>] a line that names the file, and one for each directive
        # @raise [ConfigError] for an invalid value
        def lines(layers)
          rows = Directives::ALL.map { |directive| row(directive, layers) }
          widths = [0, 1].map { |column| rows.map { |row| row[column].length }.max }
          [heading(layers)] + rows.map do |name, value, source|
            "#{name.ljust(widths[0])}  #{value.ljust(widths[1])}  #{source}"
          end
        end

        private

        def heading(layers) = "# #{layers.path ? "settings of #{layers.path}" : "no file of settings"}"

        def row(directive, layers)
          name = directive.name
          [name.name, value(directive, layers), layers[decisive(name, layers)]&.source || "default"]
        end

        # Shows what `auto` means here, unless that depends on the app.
        def value(directive, layers)
          given = layers[directive.name]
          asked = given ? directive.coerce(given.value, source: given.source) : directive.default
          shown = directive.type.show(layers.settings.public_send(directive.name))
          asked == :auto && shown != "auto" ? "auto (#{shown})" : shown
        end

        # The port comes from `bind` if `bind` names it, and no stronger layer has set another.
        def decisive(name, layers)
          given = layers[:bind] if name == :port
          return name unless given

          bound = Directives[:bind].coerce(given.value, source: given.source).map { |text| Address.parse(text).port }
          bound.include?(layers.settings.port) ? :bind : name
        end
      end
    end
  end
end
