# frozen_string_literal: true

module Kino
  # Inspects an app's objects without calling their own methods, which may be missing, or lie. Each question binds
  # Ruby's own method to the object.
  #
  # @api private
  module Peek
    # Ruby's own methods by their names here.
    OWN = {
      class_of: Kernel.instance_method(:class),
      kind?: Kernel.instance_method(:is_a?),
      frozen?: Kernel.instance_method(:frozen?),
      ivars: Kernel.instance_method(:instance_variables),
      ivar: Kernel.instance_method(:instance_variable_get),
      singleton_methods: Kernel.instance_method(:singleton_methods),
      singleton: Kernel.instance_method(:singleton_class),
      id: BasicObject.instance_method(:__id__),
      same?: BasicObject.instance_method(:equal?),
      name_of: Module.instance_method(:name),
      ancestors_of: Module.instance_method(:ancestors),
      descends?: Module.instance_method(:<=),
      public_or_protected?: Module.instance_method(:method_defined?),
      public?: Module.instance_method(:public_method_defined?),
      private?: Module.instance_method(:private_method_defined?),
      unbound: Module.instance_method(:instance_method),
      constants_of: Module.instance_method(:constants),
      own_methods: Module.instance_method(:instance_methods),
      own_private_methods: Module.instance_method(:private_instance_methods),
      constant?: Module.instance_method(:const_defined?),
      get_constant: Module.instance_method(:const_get),
      autoload?: Module.instance_method(:autoload?),
      singleton_class?: Module.instance_method(:singleton_class?),
      attached: Class.instance_method(:attached_object),
      place: Proc.instance_method(:source_location),
      binding: Proc.instance_method(:binding),
      lambda?: Proc.instance_method(:lambda?),
      proc_arity: Proc.instance_method(:arity),
      receiver: Method.instance_method(:receiver),
      unbind: Method.instance_method(:unbind),
      struct_to_h: Struct.instance_method(:to_h),
      data_to_h: Data.instance_method(:to_h),
      begin: Range.instance_method(:begin),
      end: Range.instance_method(:end),
      first: Array.instance_method(:first),
      last: Array.instance_method(:last),
      by_identity?: Hash.instance_method(:compare_by_identity?),
      default: Hash.instance_method(:default),
      default_proc: Hash.instance_method(:default_proc)
    }.freeze
    EACH_PAIR = Hash.instance_method(:each_pair)
    EACH_MEMBER = Set.instance_method(:each)
    private_constant :OWN, :EACH_PAIR, :EACH_MEMBER

    class << self
      OWN.each { |name, method| define_method(name) { |object, *arguments| method.bind_call(object, *arguments) } }

      # @return [Array<Array(Object, Object)>] keys and values of a Hash
      def pairs(hash) = [].tap { |all| EACH_PAIR.bind_call(hash) { |key, value| all << [key, value] } }

      # @return [Array<Object>] of a Set
      def members(set) = [].tap { |all| EACH_MEMBER.bind_call(set) { |member| all << member } }

      # @return [UnboundMethod, nil] the method that the object would run
      def method_of(object, name) = instance_method_of(holder(object), name)

      # @return [UnboundMethod, nil] the method that an instance of the class or module would run
      def instance_method_of(holder, name)
        unbound(holder, name) if public_or_protected?(holder, name) || private?(holder, name)
      end

      # Without a deprecation warning, which users would take for one that the app causes.
      #
      # @return [Object]
      def constant(mod, name, inherit)
        before = Warning[:deprecated]
        Warning[:deprecated] = false
        get_constant(mod, name, inherit)
      ensure
        Warning[:deprecated] = before
      end

      # @return [Boolean]
      def module?(object) = Module === object # rubocop:disable Style/CaseEquality

      # @return [String] a module's name, a small literal as it is, or else the object's class
      def describe(object)
        case object
        when Module then title(object)
        when nil, true, false, Integer, Symbol then object.inspect
        else article(title(class_of(object)))
        end
      end

      # @return [String] a class's or module's name, or "an unnamed class"
      def title(mod)
        name_of(mod) || (Class === mod ? "an unnamed class" : "an unnamed module") # rubocop:disable Style/CaseEquality
      end

      # @return [String]
      def article(noun)
        if noun.start_with?("an ")
          noun
        else
          "#{noun.match?(/\A[AEIO]/) ? "an" : "a"} #{noun}"
        end
      end

      # @return [Module] where the object's methods are looked up first. Asking for a singleton class creates one, so
      #   only objects that have one are asked
      def holder(object)
        case object
        when Module then singleton(object)
        when Integer, Symbol, Float then class_of(object)
        else singleton_methods(object).empty? ? class_of(object) : singleton(object)
        end
      end
    end
  end
end
