# frozen_string_literal: true

require "kino/config/directives"

module Kino
  module Config
    # What `self` can do in a file of settings: a method for each directive.
    #
    # `self` is a module, for it stays reachable from the blocks in the file, and those that run in worker Ractors can
    # only be shared if it can: modules always can be, and take the methods that the file defines. (An object would have
    # to be frozen, and takes none then.) Which {File} is being read the thread knows.
    module Sheet
      # Where a thread keeps what it reads, one file within the other.
      READING = :kino_config_file
      private_constant :READING

      # Runs the code of a file.
      #
      # @param file [File] is told what the directives are given
      # @param code [String]
      # @param path [String] for the places of errors
      # @return [void]
      # @api private
      def self.read(file, code, path)
        outer = Thread.current[READING]
        Thread.current[READING] = file
        Module.new.extend(self).instance_eval(&OUTSIDE).eval(code, path, 1)
      ensure
        Thread.current[READING] = outer
      end

      # @return [File, nil] the one that this thread is reading
      # @api private
      def self.reading = Thread.current[READING]

      # A block that can be shared between Ractors and does the same, where there can be one: where it uses no variable
      # around it, or only such as are shareable and set once. Any other stays as it is, for the threaded mode.
      #
      # @param sheet [Module] `self` in the file
      # @param block [Proc]
      # @return [Proc]
      # @api private
      def self.shared(sheet, block)
        return Ractor.shareable_proc(self: sheet, &block) if Ractor.respond_to?(:shareable_proc)

        # This Ruby makes a Proc shareable in its place, and freezes what it refers to: others may not want that.
        around = block.binding
        free = around.local_variables.all? { |name| Ractor.shareable?(around.local_variable_get(name)) }
        free ? Ractor.make_shareable(block) : block
      rescue Ractor::Error, ArgumentError
        block
      end

      # There is no other method here, whose name the file could not give to one of its own.
      Directives::ALL.each do |directive|
        define_method(directive.name) do |*values, &block|
          in_worker = directive.type.is_a?(Types::Callable) && directive.type.in_worker?
          block = Sheet.shared(self, block) if block && in_worker
          Sheet.reading.set(directive, values, block, caller_locations(1))
        end
      end

      private

      # Once the file is read, a block of it may still make a mistake.
      def method_missing(name, *) # rubocop:disable Style/MissingRespondToMissing -- it answers nothing
        file = Sheet.reading or return super
        file.refuse(name, caller_locations(1))
      end
    end
  end
end

# The binding of the code. It is made outside of our modules, whose constants would hide Ruby's there (File, for one),
# and where no local variable is.
# @!visibility private
Kino::Config::Sheet::OUTSIDE = proc { binding }
