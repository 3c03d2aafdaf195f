# frozen_string_literal: true

require "kino/peek"

module Kino
  module Check
    # What is known of a value before the code has run. Compared by identity: to ask the app's objects whether they are
    # equal would call their code.
    #
    # @api private
    module Values
      # An object that exists already.
      class Known
        # @return [Object]
        attr_reader :object
        # @return [String] how the report names it
        attr_reader :label

        # @param object [Object]
        # @param label [String]
        def initialize(object, label = Peek.describe(object))
          @object = object
          @label = label
        end

        # @return [Boolean, nil] nil where unknown
        def truth = @object ? true : false

        # @return [Object] what stands for it as the receiver of code that has been read
        def token = @object

        # @param name [Symbol]
        # @return [UnboundMethod, nil]
        def method(name) = Peek.method_of(@object, name)

        # @param name [Symbol] of a method
        # @return [Boolean]
        def public?(name) = Peek.public?(Peek.holder(@object), name)

        # @param other [Object] another value
        # @return [Boolean]
        def same?(other) = other.instance_of?(Known) && Peek.same?(@object, other.object)
      end

      # An object that a request would make.
      class NewObject
        # Versions that are told apart.
        VERSIONS = 6

        # @return [Class]
        attr_reader :type
        # @return [Hash{Symbol => Object}] what `initialize` puts into it
        attr_reader :ivars
        # @return [Hash{Symbol => Array<Array(MethodSummary, Integer)>}] where it does
        attr_reader :sets
        # @return [Integer] how often more became known of what is in it: methods that have been read are read anew
        attr_reader :version
        # @return [String, nil] of a String literal
        attr_reader :literal

        # @param type [Class]
        # @param literal [String, nil]
        def initialize(type, literal: nil)
          @type = type
          @ivars = {}
          @version = 0
          @sets = Hash.new { |sets, name| sets[name] = [] }
          @doubts = {}
          @literal = literal
        end

        # @param name [Symbol] of an instance variable
        # @param value [Object] what another call of `initialize` puts into it
        # @return [void]
        def widen(name, value)
          joined = Values.join(@ivars[name], value)
          return if joined.equal?(@ivars[name])

          @version += 1
          @ivars[name] = @version > VERSIONS ? UNKNOWN : joined
        end

        # @param name [Symbol] of an instance variable
        # @param value [Object] what is in it, unless that is changed
        # @return [Object] the same one each time, or what depends on it would never settle
        def doubt(name, value)
          doubtful = Values.doubt(value)
          @doubts[name]&.same?(doubtful) ? @doubts[name] : @doubts[name] = doubtful
        end

        # @return [Boolean]
        def truth = true
        # @return [Object]
        def token = self
        # @return [String]
        def label = Peek.title(@type)
        # @param name [Symbol]
        # @return [UnboundMethod, nil]
        def method(name) = Peek.instance_method_of(@type, name)
        # @param name [Symbol] of a method
        # @return [Boolean]
        def public?(name) = Peek.public?(@type, name)
        # @return [Boolean]
        def same?(other) = equal?(other)
      end

      # An Array literal.
      class Tuple < NewObject
        # @return [Array]
        attr_reader :elements

        # @param elements [Array]
        def initialize(elements)
          super(Array)
          @elements = elements
        end

        # @return [Boolean]
        def same?(other)
          other.instance_of?(self.class) && elements.size == other.elements.size &&
            elements.zip(other.elements).all? { |mine, its| mine.same?(its) }
        end
      end

      # Key and value, as Ruby's own methods give them of a Hash.
      class Pair < Tuple
      end

      # A block or lambda that the code makes.
      class Closure < NewObject
        # @return [Block]
        attr_reader :block

        # @param block [Block]
        def initialize(block)
          super(Proc)
          @block = block
        end

        # @return [Boolean]
        def same?(other) = other.instance_of?(Closure) && block.listing.equal?(other.block.listing)
      end

      # A Method object.
      class Bound < NewObject
        # @return [Object] the value of self in it
        attr_reader :receiver
        # @return [Symbol]
        attr_reader :name

        # @param receiver [Object]
        # @param name [Symbol]
        def initialize(receiver, name)
          super(Method)
          @receiver = receiver
          @name = name
        end
      end

      # Code with what surrounds it.
      #
      # @!attribute [r] listing
      #   @return [InstructionList]
      # @!attribute [r] receiver
      #   @return [Object] the value of self
      # @!attribute [r] frame
      #   @return [MethodSummary] what it stands in
      Block = Data.define(:listing, :receiver, :frame)

      # One of several values.
      class Union
        # More than that are as good as unknown.
        LIMIT = 40

        # @return [Array]
        attr_reader :values

        # @param values [Array]
        def initialize(values) = @values = values

        # @return [Object]
        def token = self

        # @return [Boolean, nil]
        def truth = @values.map(&:truth).uniq.then { |truths| truths.first if truths.size == 1 }

        # @return [Boolean]
        def same?(other)
          other.instance_of?(self.class) && values.size == other.values.size && Values.covers?(self, other)
        end
      end

      # What it is by what has been read, and it may be something else by the time that it is asked. So it is followed,
      # and nothing is concluded from it.
      class Doubtful < Union
        # @return [nil]
        def truth = nil
      end

      # Nothing is known.
      class Anything
        # @return [nil]
        def truth = nil
        # @return [Object]
        def token = self
        # @return [String]
        def label = "an object"
        # @return [nil]
        def method(_name) = nil
        # @return [Boolean]
        def same?(other) = equal?(other)
      end

      # The block of the method itself, as its parameter.
      class OwnBlock < Anything
      end

      # A value that nothing is known of.
      UNKNOWN = Anything.new.freeze
      # The block that the method was given.
      OWN_BLOCK = OwnBlock.new.freeze
      # nil, known as such.
      NIL = Known.new(nil).freeze

      class << self
        # @return [Array] the single values of which it is one; none where nothing is known
        def each(value)
          case value
          when Union then value.values
          when Anything then []
          else [value]
          end
        end

        # @return [Object] a value that stands for both
        def join(one, other)
          is_doubtful = [one, other].any?(Doubtful)
          return one if one.same?(other) || (covers?(one, other) && (one.is_a?(Doubtful) || !is_doubtful))
          return UNKNOWN if each(one).empty? || each(other).empty?

          joined = several(each(one) + each(other))
          is_doubtful ? doubt(joined) : joined
        end

        # @return [Object] the same, of which nothing is sure
        def doubt(value) = each(value).empty? ? value : Doubtful.new(each(value))

        # @return [Object]
        def several(values)
          distinct = []
          values.each do |value|
            next if distinct.any? { it.same?(value) }
            # At once: a table of a thousand types of files took a third of the time to read an app.
            return UNKNOWN if distinct.size == Union::LIMIT

            distinct << value
          end
          distinct.size < 2 ? distinct.first || UNKNOWN : Union.new(distinct)
        end

        # @param receiver [Known, NewObject]
        # @param method [UnboundMethod]
        # @return [String] how the report names the method
        def title(receiver, method)
          return "#{receiver.label}##{method.name}" if receiver.is_a?(NewObject)
          return "#{receiver.label}.#{method.name}" if Peek.module?(receiver.object)

          "#{Peek.title(Peek.class_of(receiver.object))}##{method.name}"
        end

        # @return [Boolean] whether all that the second may be, the first may be too
        def covers?(one, other)
          candidates = each(one)
          others = each(other)
          others.any? && others.all? { |value| candidates.any? { it.same?(value) } }
        end
      end
    end
  end
end
