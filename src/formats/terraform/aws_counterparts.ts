// Types of Terraform's AWS provider with a counterpart in the catalogue, and which of their attributes say the same as
// which property. Only what is certain stands here: scalars, lists of scalars, tags and policy documents. What the
// provider fills in where nothing was said is reported, never declared; what is missing here is kept and told.

export interface AwsCounterpart {
  readonly type: string;
  /** Attributes that together are the primary identifier, in its order. */
  readonly id: readonly string[];
  /** Attributes whose property has their name in the other spelling: `cidr_block`, `CidrBlock`. */
  readonly same?: readonly string[];
  readonly renamed?: Readonly<Record<string, string>>;
  /** JSON text there, a document here. */
  readonly documents?: Readonly<Record<string, string>>;
  /** Of the resource, not of what was asked for. */
  readonly reported?: Readonly<Record<string, string>>;
  /** The property for the map `tags`; absent: `Tags`. */
  readonly tags?: string;
  /** Attributes without which it is something else. */
  readonly needs?: readonly string[];
}

export const awsCounterparts: Readonly<Record<string, AwsCounterpart>> = {
  aws_vpc: {
    type: 'AWS::EC2::VPC',
    id: ['id'],
    same: ['cidr_block', 'enable_dns_hostnames', 'enable_dns_support', 'instance_tenancy'],
    reported: {
      cidr_block: 'CidrBlock',
      default_network_acl_id: 'DefaultNetworkAcl',
      default_security_group_id: 'DefaultSecurityGroup',
    },
  },
  aws_subnet: {
    type: 'AWS::EC2::Subnet',
    id: ['id'],
    same: [
      'vpc_id',
      'cidr_block',
      'availability_zone',
      'map_public_ip_on_launch',
      'assign_ipv6_address_on_creation',
      'ipv6_cidr_block',
      'outpost_arn',
    ],
    reported: { availability_zone_id: 'AvailabilityZoneId', vpc_id: 'VpcId', cidr_block: 'CidrBlock' },
  },
  aws_internet_gateway: { type: 'AWS::EC2::InternetGateway', id: ['id'] },
  aws_nat_gateway: {
    type: 'AWS::EC2::NatGateway',
    id: ['id'],
    same: ['allocation_id', 'connectivity_type', 'subnet_id'],
    reported: { network_interface_id: 'EniId' },
  },
  aws_eip: {
    type: 'AWS::EC2::EIP',
    id: ['public_ip', 'allocation_id'],
    same: ['network_border_group', 'public_ipv4_pool'],
    renamed: { domain: 'Domain' },
  },
  aws_route_table: { type: 'AWS::EC2::RouteTable', id: ['id'], same: ['vpc_id'] },
  aws_route_table_association: {
    type: 'AWS::EC2::SubnetRouteTableAssociation',
    id: ['id'],
    same: ['route_table_id', 'subnet_id'],
    needs: ['subnet_id', 'route_table_id'],
  },
  aws_security_group: {
    type: 'AWS::EC2::SecurityGroup',
    id: ['id'],
    same: ['vpc_id'],
    renamed: { name: 'GroupName', description: 'GroupDescription' },
    reported: { id: 'GroupId', vpc_id: 'VpcId' },
  },
  aws_instance: {
    type: 'AWS::EC2::Instance',
    id: ['id'],
    same: ['availability_zone', 'ebs_optimized', 'iam_instance_profile', 'instance_type', 'key_name', 'subnet_id'],
    renamed: {
      ami: 'ImageId',
      monitoring: 'Monitoring',
      source_dest_check: 'SourceDestCheck',
      tenancy: 'Tenancy',
      vpc_security_group_ids: 'SecurityGroupIds',
      disable_api_termination: 'DisableApiTermination',
      placement_group: 'PlacementGroupName',
    },
    reported: {
      availability_zone: 'AvailabilityZone',
      private_dns: 'PrivateDnsName',
      private_ip: 'PrivateIp',
      public_dns: 'PublicDnsName',
      public_ip: 'PublicIp',
    },
  },
  aws_key_pair: {
    type: 'AWS::EC2::KeyPair',
    id: ['key_name'],
    same: ['key_name'],
    renamed: { public_key: 'PublicKeyMaterial' },
    reported: { fingerprint: 'KeyFingerprint', key_pair_id: 'KeyPairId' },
  },
  aws_ebs_volume: {
    type: 'AWS::EC2::Volume',
    id: ['id'],
    same: ['availability_zone', 'encrypted', 'kms_key_id', 'size', 'snapshot_id', 'multi_attach_enabled'],
    renamed: { type: 'VolumeType' },
  },
  aws_s3_bucket: {
    type: 'AWS::S3::Bucket',
    id: ['bucket'],
    renamed: { bucket: 'BucketName' },
    reported: {
      arn: 'Arn',
      bucket_domain_name: 'DomainName',
      bucket_regional_domain_name: 'RegionalDomainName',
    },
  },
  aws_s3_bucket_policy: {
    type: 'AWS::S3::BucketPolicy',
    id: ['bucket'],
    same: ['bucket'],
    documents: { policy: 'PolicyDocument' },
  },
  aws_iam_role: {
    type: 'AWS::IAM::Role',
    id: ['name'],
    same: ['description', 'max_session_duration', 'path', 'permissions_boundary'],
    renamed: { name: 'RoleName' },
    documents: { assume_role_policy: 'AssumeRolePolicyDocument' },
    reported: { arn: 'Arn', unique_id: 'RoleId' },
  },
  aws_iam_policy: {
    type: 'AWS::IAM::ManagedPolicy',
    id: ['arn'],
    same: ['description', 'path'],
    renamed: { name: 'ManagedPolicyName' },
    documents: { policy: 'PolicyDocument' },
    reported: { policy_id: 'PolicyId' },
  },
  aws_iam_user: {
    type: 'AWS::IAM::User',
    id: ['name'],
    same: ['path', 'permissions_boundary'],
    renamed: { name: 'UserName' },
    reported: { arn: 'Arn' },
  },
  aws_iam_group: {
    type: 'AWS::IAM::Group',
    id: ['name'],
    same: ['path'],
    renamed: { name: 'GroupName' },
    reported: { arn: 'Arn' },
  },
  aws_sns_topic: {
    type: 'AWS::SNS::Topic',
    id: ['arn'],
    same: ['display_name', 'fifo_topic', 'content_based_deduplication'],
    renamed: { name: 'TopicName', kms_master_key_id: 'KmsMasterKeyId' },
    reported: { name: 'TopicName' },
  },
  aws_sqs_queue: {
    type: 'AWS::SQS::Queue',
    id: ['url'],
    same: ['delay_seconds', 'fifo_queue', 'kms_master_key_id'],
    renamed: {
      name: 'QueueName',
      max_message_size: 'MaximumMessageSize',
      message_retention_seconds: 'MessageRetentionPeriod',
      receive_wait_time_seconds: 'ReceiveMessageWaitTimeSeconds',
      visibility_timeout_seconds: 'VisibilityTimeout',
    },
    documents: { redrive_policy: 'RedrivePolicy' },
    reported: { arn: 'Arn', name: 'QueueName' },
  },
  aws_lb: {
    type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
    id: ['arn'],
    same: ['ip_address_type', 'name', 'security_groups', 'subnets'],
    renamed: { load_balancer_type: 'Type' },
    reported: {
      arn_suffix: 'LoadBalancerFullName',
      dns_name: 'DNSName',
      name: 'LoadBalancerName',
      security_groups: 'SecurityGroups',
      zone_id: 'CanonicalHostedZoneID',
    },
  },
  aws_lb_target_group: {
    type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
    id: ['arn'],
    same: ['name', 'port', 'protocol', 'protocol_version', 'target_type', 'vpc_id', 'ip_address_type'],
    reported: { arn_suffix: 'TargetGroupFullName', name: 'TargetGroupName' },
  },
  aws_db_subnet_group: {
    type: 'AWS::RDS::DBSubnetGroup',
    id: ['name'],
    same: ['subnet_ids'],
    renamed: { name: 'DBSubnetGroupName', description: 'DBSubnetGroupDescription' },
    reported: { arn: 'DBSubnetGroupArn' },
  },
  aws_db_instance: {
    type: 'AWS::RDS::DBInstance',
    id: ['identifier'],
    same: [
      'allocated_storage',
      'auto_minor_version_upgrade',
      'availability_zone',
      'backup_retention_period',
      'copy_tags_to_snapshot',
      'deletion_protection',
      'engine',
      'engine_version',
      'kms_key_id',
      'license_model',
      'port',
      'publicly_accessible',
      'storage_encrypted',
      'storage_type',
    ],
    renamed: {
      db_subnet_group_name: 'DBSubnetGroupName',
      identifier: 'DBInstanceIdentifier',
      instance_class: 'DBInstanceClass',
      iam_database_authentication_enabled: 'EnableIAMDatabaseAuthentication',
      multi_az: 'MultiAZ',
      parameter_group_name: 'DBParameterGroupName',
      username: 'MasterUsername',
      vpc_security_group_ids: 'VPCSecurityGroups',
    },
    reported: { arn: 'DBInstanceArn', resource_id: 'DbiResourceId' },
  },
  aws_cloudwatch_log_group: {
    type: 'AWS::Logs::LogGroup',
    id: ['name'],
    same: ['kms_key_id', 'retention_in_days', 'log_group_class'],
    renamed: { name: 'LogGroupName' },
    reported: { arn: 'Arn' },
  },
  aws_kms_key: {
    type: 'AWS::KMS::Key',
    id: ['key_id'],
    same: ['description', 'enable_key_rotation', 'key_usage', 'multi_region'],
    renamed: { is_enabled: 'Enabled' },
    documents: { policy: 'KeyPolicy' },
    reported: { arn: 'Arn' },
  },
  aws_ecr_repository: {
    type: 'AWS::ECR::Repository',
    id: ['name'],
    same: ['image_tag_mutability'],
    renamed: { name: 'RepositoryName' },
    reported: { arn: 'Arn', repository_url: 'RepositoryUri' },
  },
  aws_ecs_cluster: {
    type: 'AWS::ECS::Cluster',
    id: ['name'],
    renamed: { name: 'ClusterName' },
    reported: { arn: 'Arn' },
  },
};
