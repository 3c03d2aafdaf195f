# frozen_string_literal: true

require "kino/check/advice"
require "kino/check/globals"
require "kino/check/rules"

module Kino
  module Check
    # How {Reader} takes the instructions that read and write variables.
    #
    # @api private
    module State
      include Globals

      private

      def read_local(index, level)
        return push(@state.locals.fetch(index, Values::UNKNOWN)) if level.zero?

        outer = level.times.reduce(@routine) { |routine, _| routine&.outer }
        push(outer ? outer.settled.fetch(index, Values::UNKNOWN) : @routine.outermost.kept)
      end

      def write_local(index, level)
        value = @state.pop
        return unless level.zero?

        @state.locals[index] = @routine.listing.set_within?(index) ? Values::UNKNOWN : value
        nil
      end

      # What a block that is made here sees of the local variables, which may not be set on each way that leads here.
      def settle_locals
        settled = @state.locals.select { |index, _value| @routine.listing.settled?(index) }
        @routine.settled.delete_if { |index, _value| @routine.listing.settled?(index) }
        @routine.settled.merge!(settled)
      end

      def read_ivar(name, *) = push(ivar_of(@routine.receiver, name))

      def ivar_of(receiver, name)
        case receiver
        when Values::Known then ivar_of_object(receiver, name)
        when Values::NewObject then ivar_of_made(receiver, name)
        else Values::UNKNOWN
        end
      end

      # What `initialize` sets on some ways only may be nil; while it runs, it is known what it has set.
      def ivar_of_made(receiver, name)
        value = receiver.ivars.fetch(name, Values::UNKNOWN)
        return value if in_initialize? || value.equal?(Values::UNKNOWN)
        return receiver.doubt(name, value) if @code.setters.include?(receiver.type, name)

        is_set = receiver.sets[name].any? { |routine, position| routine.outer.nil? && routine.certain?(position) }
        is_set ? value : Values.join(value, Values::NIL)
      end

      def in_initialize? = @routine.method&.name == :initialize

      def ivar_of_object(receiver, name)
        object = receiver.object
        value = Peek.ivars(object).include?(name) ? Peek.ivar(object, name) : nil
        label = "#{receiver.label}.#{name}"
        refuse_held(:class_ivar, label, value) if Peek.module?(object) && !Ractor.shareable?(value)
        Values::Known.new(value, label)
      end

      # What no freezing helps is another cause: what to do first is not to freeze it. Whether it is changed is known
      # only when all has been read.
      def refuse_held(cause, label, value, **)
        cause = :unshareable if !Peek.kind?(value, Proc) && Never.in(value)
        fix = -> { Advice.for_value(value, label:, changed: @code.changed?(value)) }
        note(cause, "#{label} holds #{Peek.describe(value)}", fix:, **)
      end

      def write_ivar(name, *)
        value = @state.pop
        write_ivar_of(@routine.receiver, name, value)
        nil
      end

      def write_ivar_of(receiver, name, value)
        case receiver
        when Values::Known then refuse_ivar_write(receiver, name)
        when Values::NewObject then write_ivar_of_made(receiver, name, value)
        end
      end

      def write_ivar_of_made(receiver, name, value)
        return remember_ivar(receiver, name, value) unless Peek.descends?(receiver.type, Module)

        note(:class_ivar_write, "#{name} of #{Peek.article(receiver.label)} is set")
      end

      # What a method other than `initialize` puts there may come before or after what is read.
      def remember_ivar(receiver, name, value)
        known = receiver.ivars[name]
        value = Values::UNKNOWN unless in_initialize?
        receiver.sets[name] |= [[@routine, @position]]
        known ? receiver.widen(name, value) : receiver.ivars[name] = value
      end

      def refuse_ivar_write(receiver, name)
        if Peek.module?(receiver.object)
          note(:class_ivar_write, "#{receiver.label}.#{name} is set")
        else
          frozen = Peek.frozen?(receiver.object)
          note(:frozen, "#{receiver.label}.#{name} is set, and #{Peek.describe(receiver.object)} " \
                        "#{frozen ? "is" : "has to be"} frozen")
        end
      end

      def class_variable(name, *)
        writes = @routine.listing.instructions[@position].op == :setclassvariable
        note(:class_variable, "#{name} is #{writes ? "set" : "read"}")
        writes ? drop : push(Values::UNKNOWN)
      end

      # Where one of several is called or meant (see {Reader}, `doubting`), nothing is sure.
      def note(cause, what, is_sure: true, **)
        @routine.note(@position, cause, what, is_sure: is_sure && !@is_doubtful, **)
      end
    end
  end
end
