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

      class << self
        # @param method [UnboundMethod] one that is not written in Ruby
        # @return [String, nil] the file that it is from, if that is not safe, as far as can be seen: its names stand
        #   in there
        def unsafe(method)
          owner = Peek.singleton_class?(method.owner) ? Peek.attached(method.owner) : method.owner
          title = Peek.name(owner) if Peek.module?(owner)
          return if title.nil? || Rules.core_name?(title) || inherited_from_core?(method)

          names = [title.split("::").last, method.original_name.to_s]
          unsafe_files.find { |_file, content| names.all? { |name| content.include?("\0#{name}\0") } }&.first
        end

        private

        # `new` of a Struct's class is Ruby's own.
        def inherited_from_core?(method)
          owner = Peek.singleton_class?(method.owner) ? Peek.attached(method.owner) : method.owner
          [Struct, Data].any? { |type| Peek.ancestors(owner).include?(type) }
        end

        def unsafe_files
          @read ||= {}
          loaded.each { |file| @read[file] = content(file) unless @read.key?(file) }
          @read.compact
        end

        def loaded
          $LOADED_FEATURES.grep(/\.(so|bundle)\z/)
        end

        def content(file)
          text = File.binread(file)
          text unless text.include?(MARK)
        rescue SystemCallError
          nil
        end
      end
    end
  end
end
