using System.Text.Json;

namespace ShareRpc.Sources.Secrets;

/// <summary>The rules in order; the first match names the secret.</summary>
public sealed class SecretRuleSet
{
    private const string Resource = "ShareRpc.Sources.Secrets.SecretRules.json";
    private const int MaxIdLength = 40;
    private const long MaxFileBytes = 1024 * 1024;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true, RespectNullableAnnotations = true,
    };

    private SecretRuleSet(IReadOnlyList<SecretRule> rules)
    {
        Rules = rules;
    }

    /// <summary>Gets the built-in rules.</summary>
    public static SecretRuleSet BuiltIn { get; } = new(ReadBuiltIn());

    public IReadOnlyList<SecretRule> Rules { get; }

    /// <summary>
    /// Returns the built-in rules without those in <c>without</c>, plus the file's <c>rules</c>. Throws
    /// <see cref="SecretRulesException"/> for a missing or invalid file or a rule that fails its examples.
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

    /// <summary>Returns why a rule is invalid or fails its examples, without quoting them; else null.</summary>
    public static string? FaultOf(SecretRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var compiled = new CompiledRule(rule);
        try
        {
            compiled.Compile();
            string example = string.Concat(rule.Example);

            // Keywords of a field rule are for the name; examples are values.
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
            RuleFile file = JsonSerializer.Deserialize<RuleFile>(File.ReadAllBytes(path), Json)
                ?? throw new SecretRulesException($"{path} holds no rules.");
            return HasNull(file) ? throw new SecretRulesException($"{path} has a null in a list.") : file;
        }
        catch (JsonException error)
        {
            throw new SecretRulesException(
                $"{path} is no file of rules (line {(error.LineNumber ?? 0) + 1}): "
                    + $"{{\"rules\": [{{\"id\", \"what\", \"keywords\", \"pattern\", "
                    + "\"example\": [..], \"counterexample\"}]}.",
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SecretRulesException($"{path} cannot be read.", error);
        }
    }

    /// <summary>Looks where the types cannot say that there is none.</summary>
    private static bool HasNull(RuleFile file) =>
        (file.Without ?? []).Contains(null!)
            || (file.Rules ?? []).Any(rule => rule is null || rule.Keywords.Concat(rule.Example).Contains(null!));

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

/// <summary>A kind of secret; see <c>SecretRules.json</c>.</summary>
public sealed record SecretRule
{
    /// <summary>Gets the marker id: 1 to 40 of <c>a-z 0-9 -</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the description.</summary>
    public required string What { get; init; }

    /// <summary>
    /// Gets the words, in any case, of which each match contains one; empty tries every text, which is slow.
    /// </summary>
    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>
    /// Gets the .NET regular expression without lookarounds and backreferences. Only the group <c>secret</c>, if any,
    /// is replaced.
    /// </summary>
    public required string Pattern { get; init; }

    /// <summary>Gets whether a match needs a letter and a digit.</summary>
    public bool Mixed { get; init; }

    /// <summary>
    /// Gets the pattern of a JSON field name; on a match, the whole value is replaced. Null for any text.
    /// </summary>
    public string? Field { get; init; }

    /// <summary>Gets the pieces of a text that must match; split so that no file contains a secret.</summary>
    public required IReadOnlyList<string> Example { get; init; }

    /// <summary>Gets a text that must not match.</summary>
    public required string Counterexample { get; init; }
}

/// <summary>Unusable rules; the message names file, rule and fault.</summary>
public sealed class SecretRulesException(string message, Exception? inner = null) : Exception(message, inner);
