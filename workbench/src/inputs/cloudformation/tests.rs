//! What the files of the corpus do not show: values by flag, regions, the text functions.

use crate::deployment::{Deployment, Settings};

/// The name of the thing whose name is `expression`, in a template with a few declarations.
fn named(expression: &str, settings: &Settings) -> Result<String, Vec<String>> {
    let text = format!(
        "AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Farm: {{Type: String, Default: farmA}}
  Zones: {{Type: CommaDelimitedList, Default: 'north, south'}}
Mappings: {{M: {{a: {{list: [x, y], text: t}}}}}}
Conditions: {{Yes: !Equals [a, a], No: !Equals [a, b]}}
Resources:
  Queue: {{Type: AWS::SQS::Queue}}
  Nested: {{Type: AWS::CloudFormation::Stack}}
  Pool: {{Type: AWS::Cognito::IdentityPool}}
  Thing: {{Type: AWS::IoT::Thing, Properties: {{ThingName: {expression}}}}}
"
    );
    match Deployment::read("t.yaml", &text, settings) {
        Ok(deployment) => Ok(deployment.things[0].spec.name.clone()),
        Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn functions_give_texts() {
    for (expression, expected) in [
        ("!Ref Farm", "farmA"),
        ("{Ref: Farm}", "farmA"),
        ("!Sub '${Farm}_${Zone}_${AWS::StackName}'", ""),
        ("!Sub ['${Farm}_${Zone}', {Zone: !Select [0, !Ref Zones]}]", "farmA_north"),
        ("{'Fn::Sub': '${Queue.QueueName}'}", "Queue"),
        ("!GetAtt Queue.QueueName", "Queue"),
        ("!GetAtt [Queue, QueueName]", "Queue"),
        ("!Join [':', [a, !Ref 'AWS::NoValue', b]]", "a:b"),
        ("!Join ['-', !Ref Zones]", "north-south"),
        ("!Select [1, !FindInMap [M, a, list]]", "y"),
        ("!FindInMap [M, b, text, {DefaultValue: other}]", "other"),
        ("!If [Yes, yes, !Ref Nobody]", ""),
        ("!If [Yes, yes, no]", "yes"),
        ("!If [No, yes, !If [Yes, inner, outer]]", "inner"),
        ("!If [No, x, !Ref 'AWS::NoValue']", "Thing"),
        ("!Sub 'n${AWS::NoValue}'", "n"),
        ("!Select [0, !GetAZs '']", "eu-west-1a"),
        ("!Sub 'c${AWS::AccountId}'", "c123456789012"),
        ("!Ref AWS::URLSuffix", ""),
        ("!Join ['', [!Length [a, b], x]]", "2x"),
        ("!Base64 ab", ""),
        ("!Base64 abc", "YWJj"),
        ("!Select [0, !Split ['\"', !ToJsonString {a: 1}]]", ""),
        ("!Select [1, !Split ['\"', !ToJsonString {a: 1}]]", "a"),
        ("!GetAtt Pool.Name", ""),
    ] {
        let found = named(expression, &Settings::default());
        match expected {
            "" => assert!(found.is_err(), "{expression}: {found:?}"),
            name => assert_eq!(found.as_deref(), Ok(name), "{expression}"),
        }
    }
}

#[test]
fn values_by_flag_stand_for_parameters_imports_and_attributes() {
    let mut settings = Settings::default();
    for (name, value) in
        [("Farm", "farmB"), ("shared-name", "imported"), ("Nested.Outputs.Name", "nested")]
    {
        settings.parameters.insert(name.to_owned(), value.to_owned());
    }
    let expression =
        "!Join ['-', [!Ref Farm, !ImportValue shared-name, !GetAtt Nested.Outputs.Name]]";
    assert_eq!(named(expression, &settings).as_deref(), Ok("farmB-imported-nested"));
}

#[test]
fn regions_have_their_partition() {
    for (region, partition) in [
        ("eu-west-1", "aws"),
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
    ] {
        let settings = Settings { region: region.to_owned(), ..Settings::default() };
        assert_eq!(named("!Ref AWS::Partition", &settings).as_deref(), Ok(partition));
        let arn = named("!GetAtt Queue.Arn", &settings).unwrap();
        assert_eq!(arn, format!("arn:{partition}:sqs:{region}:123456789012:Queue"));
    }
}
