# frozen_string_literal: true

require "kino/check/breakdown"
require "kino/check/rules"
require "kino/check/scope"
require "kino/check/values"
require "rbconfig"

module Kino
  module Check
    # The app's own methods by their names: what a call may come to whose receiver is not known. Those of gems and of
    # Ruby's libraries are left out, and names that many have.
    #
    # @api private
    class Named
      # More than that are as good as unknown.
      LIMIT = 4
      # Whose methods are called all the time, on objects that are not the app's.
      COMMON = [Array, Hash, String, Symbol, Integer, Float, Proc, Range, Regexp, MatchData, Time, IO, Set, Module,
                Method, Exception, Struct, Thread].flat_map(&:instance_methods).to_h { [it, true] }.except(:call).freeze
      # Where the code is that is not the app's.
      FOREIGN = [*[RbConfig::CONFIG["rubylibprefix"], *Gem.path, Breakdown::LIBRARY].map { |path| File.join(path, "") },
                 "<internal:"].freeze
      private_constant :COMMON, :FOREIGN

      # @param name [Symbol]
      # @return [Boolean] whether many an object has a method of that name, or it is one of the VM's
      def self.common?(name) = COMMON.key?(name) || name.start_with?("core#")

      # @param code [Code] where the objects are found that a request makes
      def initialize(code) = @code = code

      # @param name [Symbol]
      # @return [Array<Array(UnboundMethod, Object)>] methods and values on which they may be called
      def find(name)
        return [] if Named.common?(name)

        found = index.fetch(name, []).select { apps?(it, name) }
        found.size > LIMIT ? [] : found.filter_map { |holder| entry(holder, name) }
      end

      private

      # Of all modules, singleton classes with methods among them. Few of the names are asked for, and whose a method
      # is matters only then.
      def index
        @index ||= ObjectSpace.each_object(Module).to_a.each_with_object({}) do |holder, index|
          Peek.own_methods(holder, false).each { |name| (index[name] ||= []) << holder }
        end
      end

      # Only what has a name that leads to it: what a program has dropped may be there for a while.
      def apps?(holder, name)
        mod = Peek.singleton_class?(holder) ? Peek.attached(holder) : holder
        title = Peek.name_of(mod) if Peek.module?(mod)
        title && own?(holder, name) && !Rules.core_name?(title) && Scope.reachable?(mod)
      end

      def own?(holder, name)
        file, = Peek.unbound(holder, name).source_location
        file && !file.start_with?(*FOREIGN)
      end

      def entry(holder, name)
        value = if Peek.singleton_class?(holder) then Values::Known.new(Peek.attached(holder))
                elsif Peek.kind?(holder, Class) then @code.made(holder)
                end
        [Peek.unbound(holder, name), value] if value
      end
    end
  end
end
