using System.Text.Json;

namespace ShareRpc.Sources.Secrets;

/// <summary>The rules that are looked for, in order: where two match the same text, the first one names it.</summary>
public sealed class SecretRuleSet
{
    private const string Resource = "ShareRpc.Sources.Secrets.SecretRules.json";
    private const int MaxIdLength = 40;
    private const long MaxFileBytes = 1024 * 1024;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private SecretRuleSet(IReadOnlyList<SecretRule> rules)
    {
        Rules = rules;
    }

    /// <summary>Gets what comes with the program.</summary>
    public static SecretRuleSet BuiltIn { get; } = new(ReadBuiltIn());

    public IReadOnlyList<SecretRule> Rules { get; }

    /// <summary>
    /// Returns the built-in rules without those that the file names under <c>without</c>, then its own <c>rules</c>, of
    /// the same shape as the built-in ones. <see cref="SecretRulesException"/> when the file is missing, is not that,
    /// or has a rule that fails its own examples.
    /// </summary>
    public static SecretRuleSet Extended(string path)
    {
        RuleFile file = Read(path);
        IReadOnlyList<string> without = file.Without ?? [];
        foreach (string id in without)
        {
            if (BuiltIn.Rules.All(rule => rule.Id != id))
                throw new SecretRulesException(
                    $"{path}: there is no built-in rule {Shown(id)} to leave out. See sharerpc secrets rules.");
        }

        List<SecretRule> rules = [.. BuiltIn.Rules.Where(rule => !without.Contains(rule.Id))];
        foreach (SecretRule rule in file.Rules ?? [])
        {
            if (!IsId(rule.Id))
                throw new SecretRulesException($"{path}: an id is 1 to {MaxIdLength} of a-z, 0-9 and -.");
            if (rules.Any(known => known.Id == rule.Id))
                throw new SecretRulesException($"{path}: there is a rule {rule.Id} already.");
            Check(path, rule);
            rules.Add(rule);
        }

        return new SecretRuleSet(rules);
    }

    /// <summary>
    /// Returns null, or why a rule is not one: it cannot be run, or fails its examples. Never quotes the examples.
    /// </summary>
    public static string? FaultOf(SecretRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var compiled = new CompiledRule(rule);
        try
        {
            compiled.Compile();
            string example = string.Concat(rule.Example);

            // The keywords of a rule for fields are for the name; its examples are values.
            bool isForFields = rule.Field is not null;
            if (!isForFields && !compiled.MayBeIn(example)) return "none of its keywords is in its example";
            if (compiled.FindIn(example).Count == 0) return "it does not match its example";
            bool isLookedAt = isForFields || compiled.MayBeIn(rule.Counterexample);
            return isLookedAt
                && compiled.FindIn(rule.Counterexample).Count > 0 ? "it matches its counterexample" : null;
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            return $"its pattern cannot be used ({error.GetType().Name}): lookarounds and backreferences are not "
                + "possible";
        }
    }

    private static void Check(string path, SecretRule rule)
    {
        if (FaultOf(rule) is { } fault) throw new SecretRulesException($"{path}: rule {rule.Id}: {fault}.");
    }

    private static RuleFile Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
                throw new SecretRulesException($"{path} is too large for a file of rules.");
            return JsonSerializer.Deserialize<RuleFile>(File.ReadAllBytes(path), Json)
                ?? throw new SecretRulesException($"{path} holds no rules.");
        }
        catch (JsonException error)
        {
            throw new SecretRulesException(
                $"{path} is no file of rules (line {error.LineNumber + 1}): "
                    + $"{{\"rules\": [{{\"id\", \"what\", \"keywords\", \"pattern\", "
                    + "\"example\": [..], \"counterexample\"}]}.",
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SecretRulesException($"{path} cannot be read.", error);
        }
    }

    private static IReadOnlyList<SecretRule> ReadBuiltIn()
    {
        using Stream stream = typeof(SecretRuleSet).Assembly.GetManifestResourceStream(Resource)!;
        return JsonSerializer.Deserialize<RuleFile>(stream, Json)!.Rules!;
    }

    private static bool IsId(string id) =>
        id.Length is > 0 and <= MaxIdLength
            && id.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-") < 0;

    private static string Shown(string id) => IsId(id) ? id : "of that name";

    private sealed record RuleFile(string? About, IReadOnlyList<SecretRule>? Rules, IReadOnlyList<string>? Without);
}

/// <summary>One kind of secret, and how it is recognised. See <c>SecretRules.json</c>.</summary>
public sealed record SecretRule
{
    /// <summary>Gets what the marker says: 1 to 40 of <c>a-z 0-9 -</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Gets what it is, for people.</summary>
    public required string What { get; init; }

    /// <summary>
    /// Gets the words of which one is in every match, in any case; none for a rule that is tried on every text, which
    /// is slow.
    /// </summary>
    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>
    /// Gets a .NET regular expression, run without backtracking: no lookarounds and no backreferences. Of a match only
    /// the group <c>secret</c> is replaced, if the pattern has one.
    /// </summary>
    public required string Pattern { get; init; }

    /// <summary>Gets whether a match must have a letter and a digit.</summary>
    public bool Mixed { get; init; }

    /// <summary>
    /// Gets the pattern of a JSON field's name; its whole value is replaced. Null for a rule of any text.
    /// </summary>
    public string? Field { get; init; }

    /// <summary>Gets a text that the rule must find something in; in pieces, so that no file holds it whole.</summary>
    public required IReadOnlyList<string> Example { get; init; }

    /// <summary>Gets a text that the rule must find nothing in.</summary>
    public required string Counterexample { get; init; }
}

/// <summary>
/// A file of rules that cannot be used; the message names the rule and what is wrong with it, for people.
/// </summary>
public sealed class SecretRulesException(string message, Exception? inner = null) : Exception(message, inner);
