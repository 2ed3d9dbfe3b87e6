using System.Globalization;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>
/// What one writer enqueues, step by step: the same for the same seed, writer and share, so that a writer that was
/// killed goes on with it, and the checker knows what must be there. A writer's own documents are touched by nobody
/// else, which makes every outcome predictable.
/// </summary>
internal sealed class Plan
{
    /// <summary>The last character of the name of a writer that goes on with a copy of another's outbox.</summary>
    public const char CopySuffix = 'x';

    private const int OwnKeys = 12;
    private readonly string writer;
    private readonly string share;
    private readonly int seed;
    private readonly Dice dice;
    private readonly string?[] values = new string?[OwnKeys];
    private readonly List<PlannedStep> steps = [];
    private string? newestApplied;
    private int ops;

    private Plan(int seed, string share, string writer)
    {
        this.seed = seed;
        this.share = share;
        this.writer = writer;
        dice = new Dice(Mix(seed, writer));
    }

    /// <summary>The steps of a writer, with at least so many ops.</summary>
    public static IReadOnlyList<PlannedStep> Of(int seed, string share, string writer, int ops)
    {
        var plan = new Plan(seed, share, writer);
        while (plan.ops < ops) plan.AddStep();
        return plan.steps;
    }

    private void AddStep()
    {
        // Both writers of a share plan these at the same steps; a copy does not, because it may hold its original's
        // rows of them.
        int common = writer.EndsWith(CopySuffix) ? -1 : new Dice(Mix(seed, $"{share}.{steps.Count}")).Next(0, 40);
        PlannedStep step = common switch
        {
            0 => One(New($"pool.{share}.{steps.Count}", Verbs.Put, $"pool{steps.Count}", Value("same")),
                Expectation.Shared),
            1 => One(New($"fight.{share}.{steps.Count}", Verbs.Put, $"fight{steps.Count}", Value(writer)),
                Expectation.Contended),
            _ => OfItsOwn(),
        };
        steps.Add(step);
        ops += step.Ops.Count;
    }

    private PlannedStep OfItsOwn()
    {
        int key = dice.Next(0, OwnKeys);
        return dice.Next(0, 100) switch
        {
            < 30 => Put(key),
            < 55 => Append(key),
            < 63 => PutIfChanged(key),
            < 68 => Remove(key),
            < 78 => One(New(Id(0), Verbs.Put, $"{share}.everybody", Value($"{writer}.{steps.Count}")),
                Expectation.Applied),
            < 86 => Group(isPoisoned: false),
            < 88 => Group(isPoisoned: true),
            < 95 => Dependent(),
            _ => Poison(),
        };
    }

    private PlannedStep Put(int key)
    {
        values[key] = Value($"{steps.Count}");
        return One(New(Id(0), Verbs.Put, Own(key), values[key]), Expectation.Applied);
    }

    private PlannedStep Append(int key)
    {
        values[key] = null; // no longer what one put says
        return One(New(Id(0), Verbs.Append, Own(key), $$"""{"field":"text","text":"{{writer}}.{{steps.Count}};"}"""),
            Expectation.Applied);
    }

    private PlannedStep Remove(int key)
    {
        values[key] = null;
        return One(New(Id(0), Verbs.Remove, Own(key), null), Expectation.Applied);
    }

    private PlannedStep PutIfChanged(int key)
    {
        bool isSame = values[key] is not null && dice.Next(0, 2) == 0;
        if (!isSame) values[key] = Value($"{steps.Count}");
        OpIntent op = New(Id(0), Verbs.Put, Own(key), values[key]) with { IfChanged = true };
        return One(op, isSame ? Expectation.Unchanged : Expectation.Applied);
    }

    private PlannedStep Group(bool isPoisoned)
    {
        int key = dice.Next(0, OwnKeys);
        PlannedOp Member(int n) => new(
            New(Id(n), Verbs.Put, Own(key), Value($"{steps.Count}.{n}")),
            isPoisoned ? Expectation.Refused : Expectation.Applied,
            isPoisoned ? "atomic_aborted" : null);
        List<PlannedOp> members = [Member(0), Member(1)];
        if (isPoisoned) members.Insert(1, new PlannedOp(FinalTurnAgain(Id(2)), Expectation.Refused, "turn_final"));
        else values[key] = Value($"{steps.Count}.1");
        if (!isPoisoned) newestApplied = Id(1);
        return new PlannedStep(members, Atomic: true);
    }

    private PlannedStep Dependent()
    {
        if (newestApplied is null) return Put(0);
        OpIntent op =
            New(Id(0), Verbs.Put, $"{writer}.dependent", Value($"{steps.Count}")) with { DependsOn = [newestApplied] };
        return One(op, Expectation.Applied);
    }

    /// <summary>An op that the server must refuse, and one that depends on it.</summary>
    private PlannedStep Poison()
    {
        OpIntent dependent = New(Id(1), Verbs.Put, $"{writer}.dependent", Value("never")) with { DependsOn = [Id(0)] };
        return new PlannedStep(
        [
            new PlannedOp(FinalTurnAgain(Id(0)), Expectation.Refused, "turn_final"),
            new PlannedOp(dependent, Expectation.Refused, "dependency_failed"),
        ]);
    }

    /// <summary>A writer's turn is ended by its first poison step.</summary>
    private OpIntent FinalTurnAgain(string opId)
    {
        if (!steps.Exists(step => step.Ops[0].Op.Kind == Kinds.Turn && step.Ops[0].Expect == Expectation.Applied))
        {
            OpIntent ended = Turn($"{writer}.turn", "completed");
            steps.Add(new PlannedStep([new PlannedOp(ended, Expectation.Applied)]));
            ops++;
        }

        return Turn(opId, "failed");
    }

    private OpIntent Turn(string opId, string state) =>
        New(opId, Verbs.Put, $"{writer}.turn", $$"""{"state":"{{state}}"}""") with { Kind = Kinds.Turn };

    private PlannedStep One(OpIntent op, Expectation expect)
    {
        if (expect == Expectation.Applied) newestApplied = op.OpId;
        return new PlannedStep([new PlannedOp(op, expect)]);
    }

    private static OpIntent New(string opId, string verb, string key, string? data) => new()
    {
        OpId = opId, Verb = verb, Kind = Kinds.Part, Key = key, Data = data is null ? null : RawJson.Parse(data),
    };

    private string Id(int n) => string.Create(CultureInfo.InvariantCulture, $"{writer}.{steps.Count:D5}.{n}");

    private string Own(int key) => $"{writer}.k{key}";

    private string Value(string text) => new JsonObject { ["v"] = text, ["share"] = share }.ToJsonString();

    private static int Mix(int seed, string text) =>
        text.Aggregate(seed * 31 + 7, (mixed, next) => unchecked(mixed * 16_777_619) ^ next);
}
