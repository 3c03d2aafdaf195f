# frozen_string_literal: true

require "kino/check/body"
require "kino/check/budget"
require "kino/check/fan"
require "kino/check/finding"
require "kino/check/heap"
require "kino/check/instruction_list"
require "kino/check/named"
require "kino/check/parameters"
require "kino/check/reach"
require "kino/check/reader"
require "kino/check/reading"
require "kino/check/scope"
require "kino/check/setters"
require "kino/check/surroundings"

module Kino
  module Check
    # Reads the code that a request reaches from the app's `call`, by names that are known without running it.
    #
    # A finding is certain if every way through the code meets it: through its method, and through each method on the
    # way there from `call`; and if nothing on the way rescues it. A branch whose condition is known (the value of an
    # instance variable of a class, say) is no branch. Everything else is possible.
    #
    # @api private
    class Code
      # Methods and blocks that are read.
      LIMIT = 4_000
      # Seconds of the processor that reading may take, which most apps do not need: some methods call everything.
      SECONDS = 4
      # Ways to call one method on one object that are told apart.
      VARIANTS = 4
      # How deep calls are followed. Each costs the reader some ten frames of Ruby's own stack.
      DEPTH = 100

      # A call with one argument.
      ONE = Calls::Request.plain(:call, Values::UNKNOWN)
      private_constant :ONE

      # @param app [Object]
      # @param label [String] the app's name in paths
      # @param limit [Integer]
      # @param seconds [Numeric]
      def initialize(app, label: "app", limit: LIMIT, seconds: SECONDS)
        @app = Values::Known.new(app, label)
        @limit = limit
        @budget = Budget.new(seconds)
        @readers = []
        @unfollowed = Set.new
        @count = 0
        @routines = {}.compare_by_identity
        @blocks = {}.compare_by_identity
        @made = {}.compare_by_identity
        @fans = {}.compare_by_identity
        @scopes = {}
        @listings = {}
        @changed = {}.compare_by_identity
        @setters = Setters.new
      end

      # @return [Array<Finding>]
      def findings
        root = enter_app
        return [*unread] unless root

        enter_body(root)
        reach = Reach.new(root)
        reach.findings(cut: @cut).tap { @procs = reach.procs }
      rescue SystemStackError # the stack of a Fiber is a small one
        [Reach.cut("the code calls deeper than the stack that is left to the check", @app.label)]
      ensure
        Extensions.forget
      end

      # Reads until there is something to find. It is one of {#findings}, but for its certainty, which is known only
      # when all has been read.
      #
      # @return [Finding, nil] one that keeps the app from Ractors only; nil where all was read and there is none
      def first_finding
        @is_first_enough = true
        catch(:found) { findings.find(&:ractors_only?) }
      end

      # @param method [UnboundMethod]
      # @param receiver [Object] the value of self
      # @param request [Calls::Request, nil] how it is called
      # @return [MethodSummary, nil] nil where there is nothing to read, or no room
      def routine(method, receiver, request = nil)
        return cut if full?

        listing = listing(method) or return
        known = (@routines[receiver.token] ||= {})[method] ||= {}
        request = nil if known.size >= VARIANTS
        parameters = Parameters.new(listing, positional: request&.arguments, keywords: request&.keywords)
        key = [parameters.token, (receiver.version if receiver.is_a?(Values::NewObject))]
        known[key] || bounded do
          routine = new_routine(listing, method, receiver)
          known[key] = routine
          read(routine, parameters)
        end
      end

      # @param block [Values::Block]
      # @param parameters [Parameters]
      # @return [MethodSummary]
      def block(block, parameters = Parameters.new(block.listing))
        frame = block.frame
        known = (@blocks[frame] ||= {}.compare_by_identity)[block.listing] ||= {}.compare_by_identity
        reading = known[block.receiver.token] ||=
          Reading.new(MethodSummary.new(listing: block.listing, receiver: block.receiver, scope: frame.scope,
                                        method: frame.method, outer: frame, label: frame.label))
        reading.read(parameters) { |all| bounded { read(reading.routine, all) } }
      end

      # Something is not read.
      # @return [nil]
      def cut
        @cut = "the code was not read to its end"
        nil
      end

      # @return [Boolean] whether there is no time left
      def late? = @budget.spent?

      # @param value [Values::Known] a Proc
      # @return [MethodSummary, nil]
      def proc(value)
        block = value.object
        known = @routines[block] ||= {}
        known[:proc] || bounded do
          next unless (listing = InstructionList.of(block))

          routine = MethodSummary.new(listing:, receiver: Surroundings.receiver(block), scope: Scope.of_proc(block),
                                      label: value.label, kept: Surroundings.kept(block))
          known[:proc] = routine
          read(routine, Parameters.new(listing))
        end
      end

      # @param type [Class]
      # @return [Values::NewObject] the one that stands for all its objects
      def made(type) = @made[type] ||= Values::NewObject.new(type)

      # @return [Set<Array(String, Symbol)>] places and names of calls of which is not known what they call
      attr_reader :unfollowed

      # @return [Array<ProcSite>, nil] see {Reach#procs}; nil before {#findings}, and where nothing could be read
      attr_reader :procs

      # @return [Named]
      def named = @named ||= Named.new(self)

      # @return [Setters]
      attr_reader :setters

      # @param method [UnboundMethod]
      # @return [Boolean] whether it was defined from a block, and that is not shareable: no other Ractor may call it
      def of_block?(method) = !procs_of(method).all? { |block| Ractor.shareable?(block) }

      # @param object [Object] that a request changes
      # @return [void]
      def changes(object) = @changed[object] = true

      # @return [Boolean] whether a request does so, as far as has been read
      def changed?(object) = @changed.key?(object)

      # @param value [Object]
      # @return [Fan] to the public methods that its class, or it as a module, defines itself
      def fan(value)
        return @fans[value.token] if @fans.key?(value.token)

        fan = @fans[value.token] = Fan.new
        own_methods(value).each do |method|
          break if full?

          routine(method, value)&.then { |routine| fan.add(routine) }
        end
        fan
      end

      private

      def own_methods(value)
        holder = value.is_a?(Values::Known) ? Peek.holder(value.object) : value.type
        return [] if Rules.core_name?(Peek.name_of(holder).to_s)

        Peek.own_methods(holder, false).map { |name| Peek.unbound(holder, name) }
      end

      def procs_of(method)
        Heap.internals(method).flat_map { |inner| Heap.objects(inner).grep(Proc) }
      end

      # @return [Proc, nil] from which it was defined
      def block_of(method) = (procs_of(method).first if listing(method)&.type == :block)

      def new_routine(listing, method, receiver)
        kept = block_of(method)&.then { Surroundings.kept(it) }
        routine = MethodSummary.new(listing:, receiver:, scope: scope(method), method:, kept:,
                                    label: Values.title(receiver, method))
        if of_block?(method)
          routine.note(MethodSummary::WHOLE, :method_of_proc, "#{routine.label} is defined from a block")
        end
        routine
      end

      def enter_app
        return proc(@app) if Peek.kind?(@app.object, Proc)
        return enter_method(@app.object) if Peek.kind?(@app.object, Method)

        method = @app.method(:call)
        return routine(method, @app, ONE) if method

        @app.method(:method_missing)&.then { routine(it, @app, ONE.vague) }
      end

      def enter_method(method) = routine(Peek.unbind(method), Values::Known.new(Peek.receiver(method)), ONE)

      # The response's body is the app's code too: it is written from the Ractor.
      def enter_body(root)
        @body_of = root.label
        Body.each_call(root.result || Values::UNKNOWN, self) { |routine| root.calls(MethodSummary::WHOLE, routine, by: :maybe) }
      end

      def bounded
        return cut if full? || @readers.size >= DEPTH

        @count += 1
        yield
      end

      def read(routine, parameters)
        @readers << Reader.new(routine, self)
        result = @readers.last.read(parameters)
        @readers.pop
        end_with(routine) if @is_first_enough && routine.outer.nil?
        result
      end

      # Blocks wait for their method: they may be read again, with less known.
      def end_with(routine)
        return if @readers.any?(&:expected?)

        owner, note = routine.notes_within.find { |_owner, note| !Causes::ALL.fetch(note.cause).anywhere }
        labels = [*@body_of, *@readers.map { it.routine.label }, routine.label, owner&.label]
        throw :found, Reach.finding(note, owner, path: Reach.way(labels)) if note
      end

      # @return [Finding, nil] where there is something to call, and none of it could be read
      def unread
        why = @cut || ("its call method is not written in Ruby" if @app.method(:call))
        Reach.cut(why, @app.label) if why
      end

      def full? = @count >= @limit || late?

      def listing(method) = @listings.fetch(method) { @listings[method] = InstructionList.of(method) }

      def scope(method)
        @scopes[method] ||= block_of(method)&.then { Scope.of_proc(it) } || Scope.of_method(method)
      end
    end
  end
end
