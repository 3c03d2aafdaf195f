# frozen_string_literal: true

require "kino/check/rules"

module Kino
  module Check
    # Which C extensions say that they are safe in Ractors. Ruby does not tell, but one that calls `rb_ext_ractor_safe`
    # names it in its file; of one that does not, every method raises Ractor::UnsafeError outside the main Ractor.
    #
    # @api private
    module Extensions
      # What an extension calls to say that it is safe.
      MARK = "rb_ext_ractor_safe"
      # What is a part of Ruby itself, which has a name only, and its encodings.
      WITHOUT_METHODS = %r{\A[^/\\]+\z|/enc/}
      # Where our own is, which is safe, and would take as long to read as all others.
      OURS = File.expand_path("..", __dir__)
      # Letters of a name that is hardly that of something else.
      LONG = 8

      class << self
        # @param method [UnboundMethod] one that is not written in Ruby
        # @return [String, nil] the file that it is from, if that is not safe, as far as can be seen: its names stand
        #   in there
        def unsafe(method)
          owner = Peek.singleton_class?(method.owner) ? Peek.attached(method.owner) : method.owner
          title = Peek.name_of(owner) if Peek.module?(owner)
          return if title.nil? || Rules.core_name?(title) || of_struct?(owner)

          file = file_of(title.split("::"), method.original_name.to_s)
          file unless file.nil? || safe?(file)
        end

        # The files are read once for all questions, and are not to be kept: they are megabytes.
        # @return [void]
        def forget = @files = nil

        private

        # The methods of a Struct's class are Ruby's own.
        def of_struct?(owner) = [Struct, Data].any? { Peek.descends?(owner, it) }

        # A name is in there at the end of a string: linkers let strings share their ends. It is the file that has most
        # of the names; of two, the safe one, for the other may only use what that defines. A method that was taken over
        # from another module (`define_method(:name, Other.instance_method(:name))`) is known by its own name, if that
        # is a long one. Safe ones are searched only for what an unsafe one has: most programs have safe ones only.
        def file_of(modules, method)
          safe, unsafe = files.keys.partition { |file| safe?(file) }
          counts = matches(unsafe, modules, method)
          return if counts.empty?

          counts.merge(matches(safe, modules, method)).max_by { |file, count| [count, safe?(file) ? 1 : 0] }.first
        end

        # @return [Hash{String => Integer}] how many of the modules are named in a file that names the method
        def matches(candidates, modules, method)
          counts = files.slice(*candidates).select { |_file, text| text.include?("#{method}\0") }
                        .transform_values { |text| modules.count { |name| text.include?("#{name}\0") } }
          method.size < LONG ? counts.reject { |_file, count| count.zero? } : counts
        end

        # Noted for good, unlike the files.
        def safe?(file)
          @safe ||= {}
          @safe.fetch(file) { @safe[file] = files.fetch(file).include?(MARK) }
        end

        def files
          @files ||= {}
          $LOADED_FEATURES.grep(/\.(?:so|bundle)\z/) do |file|
            @files[file] ||= content(file) unless file.match?(WITHOUT_METHODS) || file.start_with?("#{OURS}/")
          end
          @files
        end

        def content(file)
          File.binread(file)
        rescue SystemCallError
          "" # a library that is a part of Ruby itself
        end
      end
    end
  end
end
