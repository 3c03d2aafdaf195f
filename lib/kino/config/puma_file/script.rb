# frozen_string_literal: true

require "prism"
require "kino/config/puma_file/names"
require "kino/config/puma_file/recorder"
require "kino/config/puma_file/source"

module Kino
  module Config
    class PumaFile
      # Runs the file statement by statement, and of an `if` only the branch that is taken. A statement that needs
      # something that is not here, such as Puma itself or a gem, is skipped, and so are statements that need what it
      # would have set. The rest counts.
      #
      # An error that the file itself raises ends it.
      #
      # @api private
      class Script
        # Code that was not run, or not completely.
        #
        # @!attribute [r] node
        #   @return [Prism::Node]
        # @!attribute [r] reason
        #   @return [String]
        Failure = Data.define(:node, :reason)

        # @return [Array<Failure>]
        attr_reader :failures

        # @param source [Source]
        # @param path [String] for __FILE__ and the places of errors
        def initialize(source, path)
          @source = source
          @path = path
          @recorder = Recorder.new(path)
          @binding = @recorder.instance_eval(&Recorder::OUTSIDE)
          @unknown = {} # by name: the line of the code that would have defined it
          @failures = []
        end

        # @return [Array<Call>] in their order
        # @raise [Exception] an error that the file itself raises
        def run
          catch(:ended) { take(@source.statements) }
          @recorder.__send__(:__blocks).each do |mode, block, line|
            node = @source.node(Call.new(name: mode, arguments: [], block:, line:))
            catch(:ended) { attempt(node) { @recorder.instance_eval(&block) } }
          end
          @recorder.__send__(:__calls)
        end

        private

        def take(node)
          case node
          when nil then nil
          when Prism::StatementsNode then node.body.each { |statement| take(statement) }
          when Prism::ElseNode then take(node.statements)
          when Prism::IfNode then choose(node, node.statements, node.subsequent)
          when Prism::UnlessNode then choose(node, node.else_clause, node.statements)
          else evaluate(node)
          end
        end

        def choose(node, consequent, alternative)
          attempt(node, node.predicate) do
            holds = run_code(node.predicate)
            -> { branch(*(holds ? [consequent, alternative] : [alternative, consequent])) }
          end&.call
        end

        # Ruby defines the variables of a branch that is not taken, too.
        def branch(taken, other)
          other && declare(Names.in(other).locals)
          take(taken)
        end

        def evaluate(node)
          attempt(node) do
            run_code(node)
            nil
          end
          @unknown.delete(node.name) if @failures.last&.node != node && settles?(node)
        end

        def settles?(node)
          [Prism::LocalVariableWriteNode, Prism::InstanceVariableWriteNode, Prism::GlobalVariableWriteNode,
           Prism::ConstantWriteNode, Prism::DefNode].include?(node.class)
        end

        def run_code(node) = @binding.eval(@source.whole(node), @path, node.location.start_line)

        # @param node [Prism::Node] skipped as a whole if the block raises
        # @param code [Prism::Node] the part of it that the block runs
        def attempt(node, code = node)
          missing = Names.in(code).read.find { |name| @unknown.key?(name) } if code
          return fail(node, "it needs #{missing}, which line #{@unknown[missing]} does not say here") if missing

          yield
        rescue LocalJumpError => e
          e.reason == :return ? throw(:ended) : fail(node, PumaFile.first_line(e))
        rescue ScriptError, StandardError => e
          raise if e.instance_of?(RuntimeError) || node.nil?

          fail(node, "#{PumaFile.first_line(e)} (#{e.class})")
        end

        def fail(node, reason)
          names = Names.in(node)
          declare(names.locals)
          names.written.each { |name| @unknown[name] ||= node.location.start_line }
          @failures << Failure.new(node:, reason:)
          nil
        end

        def declare(locals)
          locals.each { |name| @binding.local_variable_set(name, nil) unless @binding.local_variable_defined?(name) }
        end
      end
    end
  end
end
