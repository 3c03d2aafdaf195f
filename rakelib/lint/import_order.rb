# frozen_string_literal: true

# Holds the engine's modules to the order of the table in its lib.rs: a module imports only modules of later rows.
class ImportOrder
  # A path into the crate, and what stands in braces behind it.
  PATH = /\bcrate::((?:[a-z]\w*(?:::)?)*)(?:\{([^}]*)\})?/
  private_constant :PATH

  # @param root [String] the folder of lib.rs
  def initialize(root)
    @root = root
    cells = File.read("#{root}/lib.rs").scan(%r{^//! \| ([^|]+) \|}).flatten
    @order = cells.flat_map { |cell| cell.scan(/`([a-z]\w*(?:::\w+)*)`/).flatten }
  end

  # @return [Array<String>] a line for each breach: file, line number, and what is wrong
  def breaches
    files = Dir["**/*.rs", base: @root].grep_v(%r{\A(lib|fuzzing|models/.*)\.rs\z|(\A|/)mod\.rs\z|_tests\.rs\z})
    files.sort.flat_map { |file| breaches_of(file) }
  end

  private

  def breaches_of(file)
    own = position(file.delete_suffix(".rs").gsub("/", "::"))
    return ["#{file}: this module is missing from the table in lib.rs"] unless own

    code = File.read("#{@root}/#{file}")[/\A.*?(?=^#\[cfg\(test\)\]\n(?:#\[path|mod)|\z)/m]
    code.each_line.with_index(1).flat_map do |line, number|
      imports(line.sub(%r{//.*}, "")).filter_map do |path|
        "#{file}:#{number}: imports #{path}, which stands above it in lib.rs" unless allowed?(own, path)
      end
    end
  end

  def imports(line)
    paths = line.scan(PATH).flat_map do |path, braces|
      modules = braces.to_s.split(",").map(&:strip).grep(/\A[a-z]/)
      modules.empty? ? path.delete_suffix("::") : modules.map { |name| path + name }
    end
    paths.reject(&:empty?)
  end

  def allowed?(own, path)
    other = position(path)
    other ? other >= own : true
  end

  # Where the module, or the first of that room, stands; that of its parent for a file within a module.
  def position(path)
    @order.index(path) || @order.index { |name| path.start_with?("#{name}::") } ||
      @order.index { |name| name.start_with?("#{path}::") }
  end
end
