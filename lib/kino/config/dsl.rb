# frozen_string_literal: true

require "kino/config/directives"

module Kino
  module Config
    # The `self` of a settings file: a method for each directive.
    #
    # It is a module because the blocks in the file refer to it, and blocks for worker Ractors can only be shared if it
    # can. A module always can, and it can have the methods that the file defines. (An object would have to be frozen,
    # and could have none.) The thread knows which {File} it is reading.
    module Dsl
      # The key under which a thread keeps the file that it reads. One file may read another.
      READING = :kino_config_file
      private_constant :READING

      # Runs the code of a file.
      #
      # @param file [File] receives the values of the directives
      # @param code [String]
      # @param path [String] for the locations of errors
      # @return [void]
      # @api private
      def self.read(file, code, path)
        outer = Thread.current[READING]
        Thread.current[READING] = file
        Module.new.extend(self).instance_eval(&OUTSIDE).eval(code, path, 1)
      ensure
        Thread.current[READING] = outer
      end

      # @return [File, nil] the file that this thread is reading
      # @api private
      def self.reading = Thread.current[READING]

      # Makes a block shareable between Ractors, if it uses no outer variables, or only shareable ones that are set
      # once. Other blocks stay as they are, for threaded mode.
      #
      # @param dsl [Module] `self` in the file
      # @param block [Proc]
      # @return [Proc]
      # @api private
      def self.shared(dsl, block)
        return Ractor.shareable_proc(self: dsl, &block) if Ractor.respond_to?(:shareable_proc)

        # This Ruby makes the Proc itself shareable, and freezes what it refers to, which other code may not expect.
        around = block.binding
        free = around.local_variables.all? { |name| Ractor.shareable?(around.local_variable_get(name)) }
        free ? Ractor.make_shareable(block) : block
      rescue Ractor::Error, ArgumentError
        block
      end

      # There are no other methods here, so the file can use any other name for its own.
      Directives::ALL.each do |directive|
        define_method(directive.name) do |*values, &block|
          in_worker = directive.type.is_a?(Types::Callable) && directive.type.in_worker?
          block = Dsl.shared(self, block) if block && in_worker
          Dsl.reading.set(directive, values, block, caller_locations(1))
        end
      end

      private

      # A block of the file may still make a mistake after the file was read.
      def method_missing(name, *) # rubocop:disable Style/MissingRespondToMissing -- it only raises
        file = Dsl.reading or return super
        file.refuse(name, caller_locations(1))
      end
    end
  end
end

# The binding of the code. Made outside of our modules, whose constants would hide Ruby's (File, for example), and where
# there are no local variables.
# @!visibility private
Kino::Config::Dsl::OUTSIDE = proc { binding }
