# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/nearest"
require "kino/config/puma_file/hooks"
require "kino/config/puma_file/script"
require "kino/config/puma_file/source"
require "kino/config/puma_file/table"

module Kino
  module Config
    # Translates a configuration file of Puma. Runs the file, which may use all of Ruby. Does not need Puma itself.
    class PumaFile
      # A call that becomes a setting of Kino.
      #
      # @!attribute [r] directive
      #   @return [Symbol]
      # @!attribute [r] value
      #   @return [Object] validated; for a hook the String of its code: a block, or an object that has `call`. Both may
      #     follow the directive's name
      # @!attribute [r] line
      #   @return [Integer, nil] in the file
      # @!attribute [r] note
      #   @return [String, nil] how its meaning differs from Puma's
      Setting = Data.define(:directive, :value, :line, :note)

      # A call that becomes no setting.
      #
      # @!attribute [r] name
      #   @return [Symbol] its name in the file; the code if it has none
      # @!attribute [r] line
      #   @return [Integer, nil] in the file
      # @!attribute [r] reason
      #   @return [String]
      # @!attribute [r] kind
      #   @return [Symbol] :needless if Kino does it anyway, or if it makes no sense there; :elsewhere if it is set in
      #     another place; :missing if Kino has no such thing; :unknown for an unknown name; :failed where the code
      #     needs what is not here, such as Puma itself
      Refused = Data.define(:name, :line, :reason, :kind)

      # The result for a file.
      #
      # @!attribute [r] settings
      #   @return [Array<Setting>] at most one per directive, in the order of their lines
      # @!attribute [r] refused
      #   @return [Array<Refused>] in the order of their lines
      # @!attribute [r] frozen_literals
      #   @return [Boolean] whether the file has that magic comment: otherwise the code of its hooks may change a String
      Translation = Data.define(:settings, :refused, :frozen_literals)

      # @param path [String]
      # @return [Translation]
      # @raise [ConfigError] if the file is missing, is not Ruby, or raises; names the line
      def self.translate(path) = new(path).translate

      # @param error [Exception]
      # @return [String]
      # @api private
      def self.first_line(error) = error.message.scrub.lines.first.to_s.strip

      # @param path [String]
      def initialize(path)
        @path = path
        @settings = {}
        @calls = {} # the calls that set them, by directive
        @refused = []
      end

      # @return [Translation] see {.translate}
      # @raise [ConfigError]
      def translate
        @source = Source.new(text, @path)
        @hooks = Hooks.new(@source)
        record.each { |call| take(call) }
        @hooks.settings.each { |setting| @settings[setting.directive] = setting }
        one_process
        Ractor.make_shareable(Translation.new(settings: in_order(@settings.values), refused: in_order(@refused),
                                              frozen_literals: @source.frozen_literals?))
      end

      private

      def text
        raise ConfigError, "no such file: #{@path}" unless ::File.exist?(@path)

        ::File.read(@path, encoding: "UTF-8")
      rescue SystemCallError => e
        raise ConfigError, "cannot read #{@path}: #{e.class.new.message}"
      end

      # SystemExit, too: the file may exit.
      def record
        script = Script.new(@source, @path)
        script.run.tap { |calls| script.failures.each { |failure| refuse_failed(failure, calls) } }
      rescue ScriptError, StandardError, SystemExit => e
        line = e.backtrace_locations.to_a.find { |place| place.path == @path }&.lineno
        raise ConfigError, "#{[@path, line].compact.join(":")}: #{PumaFile.first_line(e)} (#{e.class})"
      end

      # The names that it would have set; the code if there are none.
      def refuse_failed(failure, calls)
        done = calls.map { |call| [call.name, call.line] }
        lost = Calls.in(failure.node).select { |node| Table::BY_NAME.key?(node.name) }
                    .map { |node| [node.name, node.location.start_line] } - done
        lost = [[title(failure.node), failure.node.location.start_line]] if lost.empty?
        lost.each { |name, line| @refused << Refused.new(name:, line:, reason: failure.reason, kind: :failed) }
      end

      def title(node)
        first, *rest = node.slice.lines(chomp: true)
        :"#{first}#{" ..." if rest.any?}"
      end

      def take(call)
        entry = Table::BY_NAME[call.name]
        return refuse_unknown(call) unless entry
        return take_hook(call, entry) if entry.hook?

        case entry.outcome(call.arguments)
        in Became => became then take_values(call, entry, became)
        in Refusal[kind:, reason:] then refuse(call, kind, reason)
        end
      rescue ArgumentError => e # from a rule: wrong arguments
        refuse(call, :missing, e.message)
      end

      def refuse_unknown(call)
        refuse(call, :unknown, "no setting of Puma's#{Nearest.hint(call.name, Table::BY_NAME.keys)}")
      end

      def take_hook(call, entry)
        refusal = @hooks.add(call, entry)
        refuse(call, refusal.kind, refusal.reason) if refusal
      end

      def take_values(call, entry, became)
        return add_address(call, became) if became.values.key?(:bind) && @settings.key?(:bind)

        # A note about an address is about the host, which comes first; the computed part is usually the port.
        *others, last = checked(call, became.values).to_a
        notes = [became.note, entry.words].compact
        others.each { |directive, value| set(call, directive, value, notes.shift(notes.size)) }
        set(call, *last, [*notes, *computed(call)]) if last
      rescue ConfigError => e
        refuse(call, :missing, e.message)
      end

      # From the second on, addresses name their ports themselves.
      def add_address(call, became)
        values = checked(call, became.values)
        former, port = @settings.values_at(:bind, :port)
        urls = with_port(former.value, port&.value) + with_port(values[:bind], values[:port])
        notes = [former.note, port&.note, became.note].compact.uniq
        @settings[:bind] = former.with(value: Directives[:bind].coerce(urls, source: "#{@path}:#{call.line}"),
                                       note: (notes.join("; ") if notes.any?))
        @settings.delete(:port)
      end

      def with_port(bind, port)
        bind.map do |text|
          address = Address.parse(text)
          next text if address.port || !address.tcp?

          port ||= Directives[:port].default
          address.scheme ? Address.with_port(text, port) : Address.url(host: address.host, port:, scheme: "tcp")
        end
      end

      def checked(call, values)
        values.to_h { |name, value| [name, Directives[name].coerce(value, source: "#{@path}:#{call.line}")] }
      end

      def set(call, directive, value, notes)
        former = @calls[directive]
        refuse(former, :needless, "line #{call.line} sets the same anew") if former
        @calls[directive] = call
        note = notes.join("; ") if notes.any?
        @settings[directive] = Setting.new(directive:, value:, line: call.line, note:)
      end

      def computed(call)
        code = Source.computed(@source.node(call))
        "there it is computed: #{code}" if code
      end

      # By default Puma runs one process, and Kino as many workers as cores. With threads that were chosen for one
      # process the app would have too many.
      def one_process
        threads = @settings[:threads]
        return if threads.nil? || @refused.any? { |refused| refused.name == :workers }

        @settings[:workers] ||= Setting.new(directive: :workers, value: 1, line: threads.line,
                                            note: "Puma runs one process where no workers are set")
      end

      def refuse(call, kind, reason)
        @refused << Refused.new(name: call.name, line: call.line, reason:, kind:)
      end

      def in_order(entries) = entries.sort_by.with_index { |entry, index| [entry.line || 0, index] }
    end
  end
end
